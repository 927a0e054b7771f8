/** Serverless plugin: bundles the functions before anything packages or invokes them. */
module.exports = class BundlePlugin {
  constructor() {
    const bundle = async () => {
      const { bundleFunctions } = await import('./bundle.ts');
      await bundleFunctions();
    };
    this.hooks = {
      'before:package:createDeploymentArtifacts': bundle,
      'before:package:function:package': bundle,
      'before:deploy:function:packageFunction': bundle,
      'before:invoke:local:invoke': bundle,
    };
  }
};
