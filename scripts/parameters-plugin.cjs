/** Serverless plugin: refuses stage parameters that can't be right, all at once, before anything else. */
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
    };
  }
};
