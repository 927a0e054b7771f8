# The npm package, built and put into an image without anything else of the checkout (docs/container.md).
FROM node:24-bookworm AS build
WORKDIR /src
COPY . .
RUN npm ci && npm run build:package

FROM node:24-bookworm-slim
COPY --from=build /src/.build/package /opt/waybill
RUN mkdir /data /objects && chown node:node /data /objects
ENV NODE_ENV=production \
    NODE_OPTIONS="--max-semi-space-size=8 --max-old-space-size=256" \
    PORT=8787 \
    WAYBILL_DATA=/data \
    WAYBILL_HOST=0.0.0.0
# By number: Kubernetes must see that it is not root. FunctionGraph runs it as 1003, whatever stands here.
USER 1000:1000
WORKDIR /data
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/waybill/bin/waybill.js"]
CMD ["serve"]
