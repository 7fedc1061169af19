/**
 * Certificate phase: chooses the certificate of a TLS handshake by server name.
 *
 * Certificates are parsed at their first handshake and kept in a bounded cache per worker: parsing all of ten
 * thousand would cost seconds at every start. Whatever goes wrong, the handshake goes on with nginx's own default.
 */
import * as lrucache from "resty.lrucache";
import * as ssl from "ngx.ssl";
import { hostNamed, isDeclared } from "../match.ts";
import { addressText } from "../address-text.ts";
import { listenerAt } from "../fronts.ts";
import { byName } from "../tables.ts";
import { askClient } from "./client-auth.ts";
import { options } from "./options.ts";
import { countAnswer } from "./reasons.ts";
import { request } from "./request.ts";
import { serverName } from "../server-name.ts";
import { tables } from "./state.ts";

interface Parsed {
  chain: ssl.Cdata;
  key: ssl.Cdata;
}

const PARSED_AT_MOST = 1000;
const [parsedById] = lrucache.new<Parsed>(PARSED_AT_MOST);

export function certificate(): void {
  const [sent] = ssl.server_name();
  const name = serverName(sent);
  const listener = options.gateways ? gatewayListener(name) : undefined;
  if (listener !== undefined) return show(tables.listenerNames[listener]);
  if (tables.settings.rejectHandshake === true && !isDeclared(tables, request, name)) {
    countAnswer("unknown-server-name");
    return ngx.exit(ngx.ERROR);
  }
  const host = hostNamed(tables, request, name);
  if (host !== undefined && host.special !== undefined) askClient(host.special);
  show(byName(tables.names, tables.wildcardNames, name));
}

/** The Gateway's listener that the connection belongs to. */
function gatewayListener(name: string): string | undefined {
  const [address] = ssl.raw_server_addr();
  const [port] = ssl.server_port();
  return address === undefined || port === undefined ? undefined : listenerAt(tables, request, addressText(address), String(port), name);
}

function show(id: string | undefined): void {
  if (id === undefined || id === "") return;
  const parsed = parse(id);
  if (parsed === undefined) return;
  ssl.clear_certs();
  ssl.set_cert(parsed.chain);
  ssl.set_priv_key(parsed.key);
}

function parse(id: string): Parsed | undefined {
  const known = parsedById?.get(id);
  if (known !== undefined) return known;
  const pem = tables.certificates[id];
  if (pem === undefined) return undefined;
  const [chain, chainProblem] = ssl.parse_pem_cert(pem.chain);
  const [key, keyProblem] = ssl.parse_pem_priv_key(pem.key);
  if (chain === undefined || key === undefined) {
    ngx.log(ngx.ERR, "certificate ", id, " cannot be parsed: ", chainProblem ?? keyProblem ?? "");
    return undefined;
  }
  const parsed: Parsed = { chain, key };
  parsedById?.set(id, parsed);
  return parsed;
}
