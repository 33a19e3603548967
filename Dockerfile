# Builds the managed plugin on machines that reach an image registry; elsewhere `npm run plugin` does the same without one.
#
#   docker build --output type=local,dest=dist/plugin .
#   docker plugin create nats dist/plugin
#   docker plugin enable nats
#
# For both architectures (buildx, results in dist/plugin/linux_amd64 and dist/plugin/linux_arm64):
#
#   docker buildx build --platform linux/amd64,linux/arm64 --output type=local,dest=dist/plugin .

FROM node:26-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libatomic1
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node_modules/.bin/node plugin/build.ts --out /plugin

# config.json and rootfs/, as `docker plugin create` wants them.
FROM scratch
COPY --from=build /plugin /
