#!/bin/sh
# Creates the namespace unless it exists; closed workflows stay for 7 days, as in src/infra/temporal/setup.ts.
# `darkroom setup` creates search attributes and schedules.
set -eu
until temporal operator cluster health; do sleep 1; done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 168h
