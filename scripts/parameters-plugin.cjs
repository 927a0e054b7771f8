/**
 * Serverless plugin: refuses stage parameters that can't be right, all at once, before anything else, and
 * leaves in the template only what they ask for.
 */
module.exports = class ParametersPlugin {
  constructor(serverless) {
    this.hooks = {
      initialize: async () => {
        const { faultsOf } = await import('../deploy/parameters.ts');
        const faults = faultsOf(serverless.service.custom.parameters);
        if (faults.length === 0) return;
        throw new serverless.classes.Error(
          ['The stage parameters can not be used:', ...faults].join('\n  '),
          'PARAMETERS_INVALID',
        );
      },
      'after:aws:package:finalize:mergeCustomProviderResources': async () => {
        const { decide } = await import('../deploy/decide.ts');
        const { provider } = serverless.service;
        const template = decide(provider.compiledCloudFormationTemplate);
        provider.compiledCloudFormationTemplate = template;
      },
    };
  }
};
