import type { Application } from 'express';
// Not the package's main file, which loads all of Swagger UI: 0.2 s and 20 MB.
import getAbsoluteFSPath from 'swagger-ui-dist/absolute-path.js';
import type { OpenApiDocument } from './openapi-document.js';
import { DOCS_SECURITY_HEADERS } from './security-headers.js';

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
<script src="docs/start.js"></script>
</body>
</html>
`;

const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/** The package's own files are the same for everybody. In place of the frame's `no-store`. */
const CACHED = { 'Cache-Control': 'public, max-age=3600' };

const START = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#swagger-ui', validatorUrl: null });\n`;

/** Swagger UI from our own disk, and the document that it shows. Both work without internet. */
export function serveDocs(app: Application, document: OpenApiDocument): void {
  app.get('/openapi.json', (_request, response) => {
    response.json(document);
  });
  app.get('/docs', (request, response) => {
    // The page's links are relative, so that it works behind a path prefix: they need an address without a last slash.
    if (request.path.endsWith('/')) response.redirect(308, '../docs');
    else response.set(DOCS_SECURITY_HEADERS).type('html').send(PAGE);
  });
  app.get('/docs/start.js', (_request, response) => {
    response.type('js').send(START);
  });
  for (const name of ASSETS) {
    app.get(`/docs/${name}`, (request, response) => {
      // Other conditions than a cache's would be refused with errors that the contract does not have.
      delete request.headers['if-match'];
      delete request.headers['if-unmodified-since'];
      response.sendFile(name, { root: getAbsoluteFSPath(), acceptRanges: false, headers: CACHED });
    });
  }
}
