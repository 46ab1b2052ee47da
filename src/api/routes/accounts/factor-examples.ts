/** Examples for the OpenAPI document; a test validates each one against its schema. */
const challengeExample = 'Jb3sV1m0p7Qx2cE9kLr5tYw8Jb3sV1m0p7Qx2cE9kLr'
const credentialId = 'rYw8Jb3sV1m0p7Qx2cE9kLr5t'

export const twoFactorExample = { totp: true, passkeys: 1, recoveryCodes: 10 }

export const totpExample = {
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  otpauthUrl:
    'otpauth://totp/Darkroom:ada?issuer=Darkroom&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30',
}

export const recoveryCodesExample = {
  codes: ['7h3k-9m2p-qr5t-vw8x-y2z4-a6b8', '1a2b-3c4d-5e6f-7g8h-9j0k-mnpq'],
}

export const assertionOptionsExample = {
  challenge: challengeExample,
  rpId: 'photos.example.org',
  timeout: 300_000,
  allowCredentials: [{ id: credentialId, type: 'public-key', transports: ['internal'] }],
  userVerification: 'preferred',
}

export const registrationOptionsExample = {
  challenge: challengeExample,
  rp: { id: 'photos.example.org', name: 'Darkroom' },
  user: { id: 'NDcxMQ', name: 'ada', displayName: 'Ada Lovelace' },
  pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
  timeout: 300_000,
  attestation: 'none',
  excludeCredentials: [],
  authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
}

export const assertionExample = {
  id: credentialId,
  rawId: credentialId,
  type: 'public-key',
  clientExtensionResults: {},
  response: {
    clientDataJSON: 'eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0',
    authenticatorData: 'SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ',
    signature: 'MEUCIQDJ1Qx2cE9kLr5tYw8',
    userHandle: 'NDcxMQ',
  },
}

export const registrationExample = {
  id: credentialId,
  rawId: credentialId,
  type: 'public-key',
  clientExtensionResults: {},
  response: {
    clientDataJSON: 'eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0',
    attestationObject: 'o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVg',
    transports: ['internal', 'hybrid'],
  },
}

export const passkeyExample = {
  id: '0199a1b2-c3d4-7e5f-8a6b-000000000004',
  name: 'Ada’s phone',
  backedUp: true,
  createdAt: '2026-03-01T08:00:00.000Z',
  lastUsedAt: '2026-03-09T19:30:00.000Z',
}
