/**
 * The variables that a log format may name: nginx's own (of the modules that Sluice loads) and those that Sluice sets.
 */

/** Families: the rest of the name is a header, cookie or argument. */
const FAMILY =
  /^(?:arg|cookie|http|sent_http|sent_trailer|upstream_http|upstream_cookie|upstream_trailer)_[a-z0-9_]+$/i;

/** https://nginx.org/en/docs/varindex.html, without variables of modules that are not always there. */
const NGINX = `args binary_remote_addr body_bytes_sent bytes_sent connection connection_requests connection_time
  connections_active connections_reading connections_waiting connections_writing content_length content_type
  document_root document_uri gzip_ratio host hostname https http2 is_args limit_rate msec nginx_version pid pipe
  proxy_add_x_forwarded_for proxy_host proxy_port proxy_protocol_addr proxy_protocol_port proxy_protocol_server_addr
  proxy_protocol_server_port query_string realip_remote_addr realip_remote_port remote_addr remote_port remote_user
  request request_body request_completion request_filename request_id request_length request_method request_time
  request_uri scheme server_addr server_name server_port server_protocol ssl_cipher ssl_ciphers
  ssl_client_escaped_cert ssl_client_fingerprint ssl_client_i_dn ssl_client_s_dn ssl_client_serial
  ssl_client_verify ssl_curve ssl_curves ssl_early_data ssl_protocol ssl_server_name ssl_session_id
  ssl_session_reused status tcpinfo_rtt tcpinfo_rttvar tcpinfo_snd_cwnd tcpinfo_rcv_space time_iso8601 time_local
  upstream_addr upstream_bytes_received upstream_bytes_sent upstream_cache_status upstream_connect_time
  upstream_header_time upstream_response_length upstream_response_time upstream_status uri`;

const SLUICE = `namespace ingress_name service_name service_port location_path proxy_upstream_name
  proxy_alternative_upstream_name req_id best_http_host pass_access_scheme pass_port pass_server_port balancer_ewma_score
  sluice_reason`;

const KNOWN: ReadonlySet<string> = new Set(`${NGINX} ${SLUICE}`.split(/\s+/));

export function isKnownLogVariable(name: string): boolean {
  return KNOWN.has(name) || FAMILY.test(name);
}

/** Variables of nginx below http (`stream`). */
const STREAM: ReadonlySet<string> = new Set(
  `binary_remote_addr bytes_received bytes_sent connection hostname msec nginx_version pid protocol proxy_protocol_addr
  proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port realip_remote_addr realip_remote_port remote_addr
  remote_port server_addr server_port session_time ssl_preread_alpn_protocols ssl_preread_protocol ssl_preread_server_name
  status time_iso8601 time_local upstream_addr upstream_bytes_received upstream_bytes_sent upstream_connect_time
  upstream_first_byte_time upstream_session_time`.split(/\s+/),
);

export function isKnownStreamVariable(name: string): boolean {
  return STREAM.has(name);
}
