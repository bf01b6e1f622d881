import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Application } from 'express';
// Not the package's main file, which loads all of Swagger UI: 0.2 s and 20 MB.
import getAbsoluteFSPath from 'swagger-ui-dist/absolute-path.js';
import { withPolicy } from '../pipeline/route-policy.js';
import { DOCS_SECURITY_HEADERS } from '../pipeline/security-headers.js';
import { MemoryFile } from './memory-file.js';
import type { OpenApiDocument } from './openapi-document.js';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>FastWrap API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script type="module" src="docs/start.js"></script>
</body>
</html>
`;

const DOCUMENT_PATH = '/openapi.json';
const PAGE_PATH = '/docs';

/** What a reader asks for by name; the page asks for the rest. */
export const DOCS_PATHS: readonly string[] = [PAGE_PATH, DOCUMENT_PATH];

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

/** Files of the package, with their content types. */
const ASSETS = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': SCRIPT,
  'favicon-32x32.png': 'image/png',
} as const;

/** The package's own files are the same for everybody. */
const CACHE_SECONDS = 3600;

const START = new URL('./docs-start.js', import.meta.url);

/**
 * Swagger UI, and the document that it shows. Both work without internet. Files are read when they are first asked for and
 * served from memory: what streams a file to a connection that is gone by then would keep it open.
 */
export function serveDocs(app: Application, document: OpenApiDocument): void {
  const json = new MemoryFile(Buffer.from(JSON.stringify(document)), 'application/json; charset=utf-8');
  const page = new MemoryFile(Buffer.from(PAGE), HTML, { headers: DOCS_SECURITY_HEADERS });
  const start = new MemoryFile(readFileSync(START), SCRIPT);
  const policy = withPolicy({ cost: 'request', whileDraining: false });
  app.get(DOCUMENT_PATH, policy, (request, response) => json.send(request, response));
  app.get(PAGE_PATH, policy, (request, response) => {
    // The page's links are relative, so that it works behind a path prefix: they need an address without a last slash.
    if (request.path.endsWith('/')) response.redirect(308, '../docs');
    else page.send(request, response);
  });
  app.get(`${PAGE_PATH}/start.js`, policy, (request, response) => start.send(request, response));
  for (const [name, contentType] of Object.entries(ASSETS)) {
    const asset = keptAsset(name, contentType);
    app.get(`${PAGE_PATH}/${name}`, policy, async (request, response) =>
      (await asset()).send(request, response),
    );
  }
}

/** Read once, by the first who asks; one that could not be read is read again for the next. */
function keptAsset(name: string, contentType: string): () => Promise<MemoryFile> {
  let kept: Promise<MemoryFile> | null = null;
  const read = async () =>
    new MemoryFile(await readFile(join(getAbsoluteFSPath(), name)), contentType, {
      cacheSeconds: CACHE_SECONDS,
    });
  return () => {
    kept ??= read().catch((error: unknown) => {
      kept = null;
      throw error;
    });
    return kept;
  };
}
