/**
 * What the API sends, from openapi/openapi.json: `just console-types` generates schema.d.ts.
 * @typedef {import('../../target/console/schema.js').components['schemas']} Schemas
 * @typedef {Schemas['Component']} Component @typedef {Schemas['Side']} Side @typedef {Schemas['ComponentScore']} Score
 * @typedef {Schemas['ListedDeliverable']} Listed @typedef {Schemas['Deliverable']} Deliverable
 * @typedef {Schemas['WorkerMatch']} Match @typedef {Schemas['WorkerRanking']} Ranking @typedef {Schemas['MatchExplanation']} Explanation
 * @typedef {Schemas['Relaxation']} Relaxation @typedef {Schemas['RelaxationList']} RelaxationList @typedef {Schemas['ImprovementList']} ImprovementList
 * @typedef {Schemas['Task']} Task @typedef {Schemas['ApplicationListItem']} Application
 */
export {};
