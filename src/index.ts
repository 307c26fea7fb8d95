/// <reference types="node" preserve="true" />
/**
 * Millrace: a streaming-first API framework.
 *
 * @module
 */
export { App } from './app.ts'
export { reply, type StreamReplyInit } from './reply.ts'
export {
  anyOf,
  apiKey,
  basic,
  bearer,
  oauth2,
  openIdConnect,
  type ApiKeyOptions,
  type BearerOptions,
  type OAuth2Options,
  type OpenIdConnectOptions,
  type SecurityOptions,
} from './core/dependency/security.ts'
export type { OAuth2Flow, OAuth2Flows, Security } from './core/dependency/guard.ts'
export { type NamePassword, sameSecret } from './core/dependency/credential.ts'
export { Router, type RouterOptions } from './core/router.ts'
export { dependency, type Dependency, type DependencyScope } from './core/dependency/dependency.ts'
export {
  event,
  type EventMeta,
  type Format,
  type FormatName,
  type SchemaFormat,
  StreamEvent,
} from './core/reply/format.ts'
export {
  bytes,
  type ItemOptions,
  jsonArray,
  jsonl,
  jsonSeq,
  sse,
  type SseOptions,
  text,
  type TextFormat,
} from './stream/format.ts'
export { multipart } from './upload/multipart.ts'
export type { MultipartBody } from './upload/multipart-body.ts'
export { resumable, type ResumableOptions, type UploadProgress } from './upload/resumable.ts'
export type { StoredUpload, Upload, UploadAppender, UploadInfo, UploadStore } from './upload/store.ts'
export { form, type UploadedFile } from './upload/form.ts'
export {
  file,
  type FileDeclaration,
  type FilePartOptions,
  type FormLimits,
  type SentForm,
} from './upload/shape.ts'
export type { FieldPart, FilePart } from './upload/part.ts'
export type { DigestName, Saved, SaveOptions, SaveTarget, Sink } from './core/body/sink.ts'
export { channel, Channel, type ChannelOptions } from './channels/channel.ts'
export type { SlowPolicy, SubscribeOptions, Subscription } from './channels/subscription.ts'
export { throttle, type ThrottleOptions } from './limits/bandwidth.ts'
export type { Rate } from './wire/rate.ts'
export { FollowerTooSlow } from './core/socket/following.ts'
export { HttpError, type HttpErrorOptions, type InputIssue, type Problem, UsageError } from './core/error.ts'
export { type CancelReason, StreamCancelled } from './core/lifetime/cancellation.ts'
export { type Ending, type Outcome, Reply, type ReplyInit } from './core/reply/reply.ts'
export type { AppOptions, Lifespan } from './core/app.ts'
export type { OpenApiRequest } from './app-document.ts'
export type {
  AsyncApiDocument,
  AsyncApiOptions,
  CallbackDocumentation,
  Documentation,
  OpenApiDocument,
  OpenApiOptions,
  ReplyDocumentation,
  RouteDocumentation,
  RouteExamples,
  WebhookDocumentation,
} from './core/documentation.ts'
export type { AfterCallback, Context, RequestContext } from './core/context.ts'
export type { ErrorHandler } from './core/dispatch.ts'
export type { FileOptions, FileReply } from './stream/file.ts'
export type { FileSource, OpenedFile } from './stream/file-source.ts'
export { memoryFile, type MemoryFileOptions } from './stream/memory-file.ts'
export { httpFile, type HttpFileOptions } from './adapters/http-file.ts'
export type { DigestAlgorithm } from './wire/digest.ts'
export type { CacheOptions } from './wire/cache-control.ts'
export type { Incoming } from './core/incoming.ts'
export type { Logger } from './core/logger.ts'
export type {
  AnyRoute,
  Middleware,
  Route,
  RouteOptions,
  WebSocketOptions,
  WebSocketRoute,
} from './core/route.ts'
export type { StaticOptions } from './core/site.ts'
export type { Observer } from './core/observer.ts'
export type { CompressOptions } from './core/reply/compression.ts'
export type { DecompressOptions } from './core/body/decompression.ts'
export type { Timeouts } from './core/lifetime/timeout.ts'
export { type AnySchema, type Schema, SchemaMismatch } from './core/schema.ts'
export type { Progress, RequestBody } from './core/body/body.ts'
export type { BodyReader, FileRule, PartShape } from './core/body/body-reader.ts'
export type { Clock } from './core/lifetime/clock.ts'
export type { Head } from './core/reply/head.ts'
export type { LogEntry } from './channels/log.ts'
export type { WebSocketConnection } from './core/socket/connection.ts'
export type { Message, SocketClose } from './core/socket/socket.ts'
export type { Emitter, OnOptions } from './core/lifetime/wait.ts'
export type { CloseOptions, Listening } from './transports/node/serve.ts'
export type { ProxyTrust, TrustProxy } from './transports/node/forwarded.ts'
export type { ListenLimits, ListenOptions } from './transports/node/listen.ts'
