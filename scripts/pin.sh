#!/usr/bin/env bash
# Pins the images of compose.yaml and the Dockerfile to the digests that their tags have now, so that nobody is handed another
# image under the same name. Needs docker with buildx, and the registry. Run it anew to take newer ones.
set -euo pipefail
cd "$(dirname "$0")/.."

for name in $(sed -nE 's/^ *image: ((postgres|redis):[^@ ]+).*/\1/p; s/^FROM ([^@ ]+).*/\1/p' compose.yaml Dockerfile); do
  digest=$(docker buildx imagetools inspect "$name" --format '{{.Manifest.Digest}}')
  [[ "$digest" =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "$name: no digest, but: $digest" >&2; exit 1; }
  sed -i -E "s|(image: \|FROM )$name(@sha256:[0-9a-f]+)?|\1$name@$digest|" compose.yaml Dockerfile
  echo "$name@$digest"
done
