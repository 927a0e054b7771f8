import { expect, it } from 'vitest';
import { createRouter } from '../../../../shared/runtime/router.ts';

const ROUTES = [
  'GET /{proxy+}',
  'GET /runs/{runId}',
  'GET /runs/latest',
  'GET /runs/{runId}/failed.csv',
  'POST /runs/{runId}/retry',
  'PUT /objects/{key+}',
  'GET /callbacks/{token}',
  'GET /',
] as const;

const router = createRouter(ROUTES.map((route) => [route, route] as const));

it.each([
  ['GET', '/', 'GET /', {}],
  ['GET', '/runs/latest', 'GET /runs/latest', {}],
  ['HEAD', '/runs/latest', 'GET /runs/latest', {}],
  ['GET', '/runs/r1', 'GET /runs/{runId}', { runId: 'r1' }],
  ['GET', '/runs/a%2Fb%20c', 'GET /runs/{runId}', { runId: 'a/b c' }],
  ['GET', '/runs/100%', 'GET /runs/{runId}', { runId: '100%' }],
  ['GET', '/runs/r1/failed.csv', 'GET /runs/{runId}/failed.csv', { runId: 'r1' }],
  ['GET', '/runs/r1/failedxcsv', 'GET /{proxy+}', { proxy: 'runs/r1/failedxcsv' }],
  ['POST', '/runs/r1/retry', 'POST /runs/{runId}/retry', { runId: 'r1' }],
  ['GET', '/callbacks/t', 'GET /callbacks/{token}', { token: 't' }],
  ['GET', '/callbacks/t/', 'GET /callbacks/{token}', { token: 't' }],
  ['GET', '/runs/r1/', 'GET /{proxy+}', { proxy: 'runs/r1/' }],
  ['PUT', '/objects/a/b%20c/d.csv', 'PUT /objects/{key+}', { key: 'a/b c/d.csv' }],
] as const)(
  '%s %s goes to %s, whatever the order of the routes',
  (method, path, target, params) => {
    expect(router.find(method, path)).toEqual({ routeKey: target, target, params });
    const reversed = createRouter(ROUTES.toReversed().map((route) => [route, route] as const));
    expect(reversed.find(method, path)).toEqual({ routeKey: target, target, params });
  },
);

it.each([
  ['PUT', '/objects/', ['GET', 'HEAD']],
  ['DELETE', '/runs/r1', ['GET', 'HEAD']],
  ['POST', '/runs/r1/retry/x', ['GET', 'HEAD']],
  ['PUT', '/runs/r1/retry', ['POST']],
  ['get', '/', ['GET', 'HEAD']],
] as const)('%s %s fits no route, and the path knows %j', (method, path, allowed) => {
  expect(router.find(method, path)).toEqual(allowed);
});

it('knows no method for a path that is none', () => {
  expect(createRouter([['GET /runs', 1]]).find('GET', '/run')).toEqual([]);
});
