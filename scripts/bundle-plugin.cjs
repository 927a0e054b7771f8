/** Serverless plugin: bundles the functions and builds the dashboard before anything packages or invokes them. */
module.exports = class BundlePlugin {
  constructor() {
    const bundle = (condition) => async () => {
      const { bundleFunctions } = await import('./bundle.ts');
      const { buildDashboard } = await import('./build-dashboard.ts');
      await Promise.all([bundleFunctions(condition), buildDashboard()]);
    };
    this.hooks = {
      'before:package:createDeploymentArtifacts': bundle('lambda'),
      'before:package:function:package': bundle('lambda'),
      'before:deploy:function:packageFunction': bundle('lambda'),
      // On this machine: with the embedded stores.
      'before:invoke:local:invoke': bundle('default'),
    };
  }
};
