/** What the API sends, from openapi/openapi.json: `just console-types` generates schema.d.ts. Browsers need none of it. */
export type Schemas = import('../../target/console/schema.js').components['schemas'];
export type Component = Schemas['Component'];
export type Side = Schemas['Side'];
export type Score = Schemas['ComponentScore'];
export type Listed = Schemas['ListedDeliverable'];
export type Deliverable = Schemas['Deliverable'];
export type Match = Schemas['WorkerMatch'];
export type Ranking = Schemas['WorkerRanking'];
export type Explanation = Schemas['MatchExplanation'];
export type Relaxation = Schemas['Relaxation'];
export type RelaxationList = Schemas['RelaxationList'];
export type ImprovementList = Schemas['ImprovementList'];
export type Task = Schemas['Task'];
export type Application = Schemas['ApplicationListItem'];
