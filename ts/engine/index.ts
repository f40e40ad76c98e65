/**
 * The typed face of the native engine.
 *
 * Importing this module never loads the addon and never throws: the first use does, with an
 * `ERR_ADDON_…` error that names what was tried when there is none for the platform.
 */
export type { LanguageServerSpec } from "../diagnostics/catalogue.ts";
export type { Diagnostic } from "../diagnostics/diagnostic.ts";
export {
  type CheckedFile,
  type CheckOptions,
  Diagnostics,
  type DiagnosticsOptions,
  type FileDiagnostics,
} from "../diagnostics/diagnostics.ts";
export { type AddonSearch, findAddon, loadAddon } from "./addon.ts";
export { astReplaceJob, astSearchJob, outlineJob } from "./ast-jobs.ts";
export {
  type AstChange,
  type AstRefused,
  type AstReplaceOptions,
  type AstReplaceReport,
  astReplace,
} from "./ast-replace.ts";
export {
  type AstFile,
  type AstMatch,
  type AstQuery,
  type AstSearchOptions,
  type AstSearchReport,
  astSearch,
} from "./ast-search.ts";
export { Backoff } from "./backoff.ts";
export { type BreakerState, type Call, CircuitBreaker } from "./breaker.ts";
export {
  type Collection,
  collection,
  type Entry,
  type Reader,
  type Schema,
  type StandardSchema,
} from "./collection.ts";
export type {
  Command,
  CommandType,
  Lane,
  Lesson,
  MissionOutcome,
  NoticeKind,
  Outcome,
  PromptReason,
  Sign,
  Tried,
} from "./command.ts";
export { EngineError, type EngineErrorCode, type EngineErrorDetails, type Problem } from "./error.ts";
export type {
  AmendedStatus,
  Amendment,
  Decision,
  Event,
  EventType,
  Finding,
  Fingerprint,
  ReportStatus,
  SessionErrorKind,
  Verdict,
} from "./event.ts";
export type { FileOptions, FileOrder, FileProblem, SearchCounts, SearchLimit } from "./files.ts";
export { type GlobOptions, type GlobReport, glob } from "./glob.ts";
export { type TaskBatch, TaskGraph, type TaskGraphCounts, type TaskGraphState } from "./graph.ts";
export {
  type GrepFile,
  type GrepLine,
  type GrepMatch,
  type GrepOptions,
  type GrepReport,
  grep,
} from "./grep.ts";
export { type Job, type JobOptions, type JobStatistics, jobStatistics } from "./job.ts";
export { Limiter, type LimiterOptions } from "./limiter.ts";
export { type Memory, memory } from "./memory.ts";
export { MissionEngine, type MissionOptions } from "./mission.ts";
export { type Outline, type OutlineSymbol, outline, type SymbolKind } from "./outline.ts";
export {
  type ClaimOptions,
  type Held,
  type Holder,
  type Keeper,
  Ownership,
  type SeenHolder,
  type Sighting,
} from "./ownership.ts";
export type { Permit } from "./permit.ts";
export type {
  Budget,
  Plan,
  Priority,
  ReviewPolicy,
  Role,
  SchedulerConfig,
  TaskKind,
  TaskSpec,
  Usage,
} from "./plan.ts";
export { currentPlatform, type Platform, platformPackage, platformTag } from "./platform.ts";
export { Poller } from "./poller.ts";
export { type BufferClass, type PoolCounts, type PoolStatistics, poolStatistics } from "./pools.ts";
export { type TaskFunction, type TaskOptions, TaskQueue, type TaskQueueOptions } from "./queue.ts";
export { Scheduler } from "./scheduler.ts";
export { outsideScope } from "./scope.ts";
export { globJob, grepJob } from "./search-jobs.ts";
export { type ShellEffects, shellEffects } from "./shell.ts";
export type {
  Counts,
  LeaseView,
  MissionView,
  ModelView,
  Phase,
  Purpose,
  ScopeRequest,
  Snapshot,
  TaskState,
  TaskView,
  Verification,
} from "./snapshot.ts";
export {
  type AuditFault,
  type AuditFaultKind,
  type AuditReport,
  type Committed,
  type Document,
  type Durability,
  type JournalRecord,
  type SetAside,
  Store,
  type StoreOptions,
  StoreSnapshot,
  type TransactionOptions,
} from "./store.ts";
export {
  checkSyntax,
  checkSyntaxJob,
  type SyntaxError,
  type SyntaxLanguage,
  type SyntaxOptions,
  type SyntaxReport,
} from "./syntax.ts";
export type { TaskPromise } from "./task-promise.ts";
export { Transaction } from "./transaction.ts";
export type { StoreChanges, Watched, Watcher, WatchOptions } from "./watch.ts";
