# Production packages alone, with their native add-ons.
FROM node:24-slim AS packages
# sqlite3 is compiled where its prebuilt binary cannot be downloaded.
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund
RUN rm -rf node_modules/sqlite3/deps node_modules/sqlite3/build/Release/obj node_modules/sqlite3/build/Release/obj.target node_modules/sqlite3/build/Release/*.a

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Nothing native is needed to compile TypeScript.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json tsoa.json ./
COPY scripts scripts
COPY src src
RUN npm run build

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8555 DATABASE_URL=sqlite:/data/fastwrap.db
RUN install -d -o node -g node -m 0700 /data
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/package.json /app/openapi.json ./
COPY --from=build /app/dist/src dist/src
USER node
VOLUME /data
EXPOSE 8555
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Without a bound the heap grows to several times of what lives in it before it is collected.
CMD ["node", "--max-old-space-size=1024", "dist/src/infrastructure/main.js"]
