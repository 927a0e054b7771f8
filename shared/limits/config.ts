/** The configured limits of one provider, shared by all workers. */
export interface LimitsConfig {
  readonly requestsPerSecond: number;
  readonly inFlight: number;
}
