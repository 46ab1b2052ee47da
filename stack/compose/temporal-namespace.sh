#!/bin/sh
# Makes the namespace unless it is there; closed workflows stay for 7 days, as src/infra/temporal/setup.ts has it. Search attributes and schedules are made by `darkroom setup`.
set -eu
until temporal operator cluster health; do sleep 1; done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 168h
