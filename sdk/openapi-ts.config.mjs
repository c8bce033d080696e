// @hey-api/openapi-ts: one function per operation, one type per schema, and a client on fetch that is part of the output.
export default {
  input: process.env.SDK_DOCUMENT,
  output: {path: process.env.SDK_FOLDER, module: {extension: '.js'}},
  plugins: ['@hey-api/typescript', '@hey-api/sdk', {name: '@hey-api/client-fetch', baseUrl: false}],
  logs: {file: false},
};
