/** Keeps StrykerJS from changing arithmetic in `shared/limits`: mostly tolerances of timers, which the bounds of G8 are tested with. */
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'arithmetic-of-limits', {
    shouldIgnore: (path) =>
      path.isBinaryExpression() &&
      '+-*/'.includes(path.node.operator) &&
      path.hub?.file?.opts?.filename?.includes('shared/limits/')
        ? 'a tolerance'
        : undefined,
  }),
];
