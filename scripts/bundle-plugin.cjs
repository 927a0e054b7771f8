/**
 * Serverless plugin: bundles the functions and builds the dashboard before anything packages or invokes
 * them, and gives `invoke local` a place to work in.
 */
module.exports = class BundlePlugin {
  constructor(serverless) {
    const bundle = async (condition) => {
      const { bundleFunctions } = await import('./bundle.ts');
      const { buildDashboard } = await import('./build-dashboard.ts');
      await Promise.all([bundleFunctions(condition), buildDashboard()]);
    };
    const forLambda = () => bundle('lambda');
    let prepared;
    this.hooks = {
      'before:package:createDeploymentArtifacts': forLambda,
      'before:package:function:package': forLambda,
      'before:deploy:function:packageFunction': forLambda,
      'before:invoke:local:invoke': async () => {
        await bundle('default');
        const { prepareInvokeLocal } = await import('./invoke-local.ts');
        const given = [serverless.processedInput.options.env ?? []].flat();
        prepared = await prepareInvokeLocal(
          process.env,
          Object.fromEntries(
            given.map((pair) => [pair.split('=')[0], pair.slice(pair.indexOf('=') + 1)]),
          ),
        );
        process.stderr.write(`Works with ${prepared.place}.\n`);
      },
      'after:invoke:local:invoke': () => prepared.close(),
    };
  }
};
