import { Counter } from 'prom-client'

/** What a provider was asked for. */
type ProviderStep = 'discovery' | 'token'
/** `refused`: it answered, but vouched for nobody. `down`: it did not answer in time, or with an error of its own. */
type ProviderOutcome = 'answered' | 'refused' | 'down'

const asked = new Counter({
  name: 'darkroom_identity_provider_requests_total',
  help: 'Requests to providers of OpenID Connect, by provider, step and outcome',
  labelNames: ['provider', 'step', 'outcome'] as const,
})

/** A provider is configured: its failures are counted from 0 on, so that the first one is an increase. */
export function identityProviderConfigured(provider: string): void {
  for (const step of ['discovery', 'token'] as const)
    for (const outcome of ['answered', 'refused', 'down'] as const) asked.inc({ provider, step, outcome }, 0)
}

/** @param provider a name of OIDC_PROVIDERS, of which there are few */
export function identityProviderAsked(provider: string, step: ProviderStep, outcome: ProviderOutcome): void {
  asked.inc({ provider, step, outcome })
}
