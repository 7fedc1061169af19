/**
 * Brings profiles of the same effect to one form, so that fewer combinations cost a reload.
 *
 * What has no effect beside the rest gets the controller's own value. Sizes and numbers of buffers go up to the next of a
 * few steps: an answer whose headers fit into what was asked for fits into more, and nginx takes buffers as it fills them.
 * The controller's own values are steps as well.
 */
import type { Config } from "../model/config/config.ts";
import { bodyIsData } from "./body.ts";
import type { Profile } from "./profile.ts";

const KIB = 1024;
/** Bytes. The last one is the largest that `proxy-buffer-size` takes. */
const BUFFER_SIZES = [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384].map((kib) => kib * KIB);
const BUFFER_NUMBERS = [4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** The profile that serves what this profile asks for. To bring it to this form again changes nothing. */
export function inFewSteps(profile: Profile, config: Config): Profile {
  const effective = { ...profile, ...withoutEffect(profile, config) };
  const stepped = { ...effective, ...bufferSteps(effective, config) };
  const usual = { ...stepped, bodySize: config.proxyBodySize, clientBodyBufferSize: 0 };
  return bodyIsData(stepped) && bodyIsData(usual) ? usual : stepped;
}

/** The controller's own values in the place of those that nginx would not look at. */
function withoutEffect({ protocol, buffering, maxTempFileSize }: Profile, config: Config): Partial<Profile> {
  // A backend may ask for buffering by a header (X-Accel-Buffering). How many buffers it then gets is the controller's matter; that nothing is kept in files is not.
  const ofBuffering = { buffersNumber: config.proxyBuffersNumber, busyBuffersSize: config.proxyBusyBuffersSize, maxTempFileSize: maxTempFileSize === 0 ? 0 : config.proxyMaxTempFileSize };
  // nginx passes gRPC on without buffers, in both directions.
  if (protocol === "GRPC" || protocol === "GRPCS") {
    return { ...ofBuffering, buffering: config.proxyBuffering, requestBuffering: config.proxyRequestBuffering, httpVersion: config.proxyHttpVersion };
  }
  return { ...(buffering ? {} : ofBuffering), ...(protocol === "FCGI" ? { httpVersion: config.proxyHttpVersion } : {}) };
}

function bufferSteps({ bufferSize: asked, buffersNumber, busyBuffersSize: busy }: Profile, config: Config): Partial<Profile> {
  const bufferSize = atLeast(asked, [...BUFFER_SIZES, config.proxyBufferSize]);
  // Two buffers are what nginx takes without being told.
  const isTwo = (busy === 2 * asked || busy === 2 * bufferSize) && busy !== config.proxyBusyBuffersSize;
  return { bufferSize, buffersNumber: atLeast(buffersNumber, [...BUFFER_NUMBERS, config.proxyBuffersNumber]), busyBuffersSize: isTwo ? 0 : busy };
}

/** The smallest step that is not below the value. */
function atLeast(value: number, steps: readonly number[]): number {
  return Math.min(...steps.filter((step) => step >= value));
}
