/** Certificates by expiry. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Search } from "../parts/search.tsx";
import { VirtualList, type Row } from "../parts/virtual-list.tsx";
import { addressOf } from "../place.ts";

const HEIGHT = 56;
/** Days. */
const SOON = 30;
const NOW = 10;

export function CertificatesView({ lists }: { readonly lists: number }): JSX.Element {
  const [search, setSearch] = useState("");
  return (
    <section class="full">
      <h1>Certificates</h1>
      <Search what="certificates" value={search} changed={setSearch} />
      <VirtualList kind="certs" name="names" search={search} lists={lists} height={HEIGHT} row={(row) => <CertificateRow row={row} />} empty="No host has a certificate." />
    </section>
  );
}

export function CertificateRow({ row }: { readonly row: Row }): JSX.Element {
  const { name, namespace, secret, served, expires, days } = row;
  const left = typeof days === "number" ? days : undefined;
  const tone = left === undefined ? "soft" : left < NOW ? "bad" : left < SOON ? "warn" : "good";
  return (
    <div class="certificate">
      <div><a href={addressOf("traffic", String(name))}>{name}</a><small>{secret === "" ? served : `Secret ${String(namespace)}/${String(secret)}`}</small></div>
      <div class="days"><span class={`pill ${tone}`}>{left === undefined ? "–" : left < 0 ? "expired" : left === 1 ? "1 day" : `${left} days`}</span><small>{expires}</small></div>
    </div>
  );
}
