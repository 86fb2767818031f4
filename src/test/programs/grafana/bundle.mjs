// Bundles page.tsx and Grafana's components for a browser: page.js and page.css in the folder of the first argument.
import { build } from 'esbuild';

// Parts of Node.js and an assistant that the components import, and that a page never calls.
const absent = /^(tty|stream|util|fs|path|net|os|@grafana\/assistant)$/;

await build({
  entryPoints: [`${import.meta.dirname}/page.tsx`],
  outfile: `${process.argv[2]}/page.js`,
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  mainFields: ['browser', 'module', 'main'],
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}', global: 'window' },
  loader: Object.fromEntries(['.svg', '.ttf', '.woff2', '.png'].map((type) => [type, 'dataurl'])),
  logLevel: 'error',
  plugins: [
    {
      name: 'absent',
      setup(bundle) {
        bundle.onResolve({ filter: absent }, ({ path }) => ({ path, namespace: 'absent' }));
        bundle.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: 'module.exports = {}' }));
      },
    },
  ],
});
