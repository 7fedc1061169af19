/**
 * Compares the fields that Sluice reads with the published types of the Kubernetes API. The type checker is the test: this
 * file does not compile when a field is misspelt, or has another type than in the API.
 */
import { test } from "node:test";
import type { Endpoint as ApiEndpoint, EndpointSlice as ApiEndpointSlice } from "kubernetes-types/discovery/v1.d.ts";
import type { ConfigMap as ApiConfigMap, Endpoints as ApiEndpoints, Secret as ApiSecret, Service as ApiService } from "kubernetes-types/core/v1.d.ts";
import type { ObjectMeta as ApiMeta } from "kubernetes-types/meta/v1.d.ts";
import type { Ingress as ApiIngress, IngressClass as ApiIngressClass } from "kubernetes-types/networking/v1.d.ts";
import type { ConfigMap, EndpointSlice, Ingress, IngressClass, Meta, Secret, Service, SliceEndpoint } from "../src/source/objects.ts";
import type { KNOWN_FIELDS } from "../src/source/manifests/known-fields.ts";

/** A type whose fields may be absent or undefined: our types tell the two apart, the API's do not. */
type Loose<T> = T extends readonly (infer E)[]
  ? readonly Loose<E>[]
  : T extends object
    ? { readonly [K in keyof T]?: Loose<T[K]> | undefined }
    : T;

/** The fields of an object without `metadata`, which is compared by itself. */
type Body<T> = Loose<Omit<Required<T>, "apiVersion" | "kind" | "metadata" | "origin">>;

/** Every field of Ours exists in Api, and every value that Api can hold there is one of Ours. */
type Covers<Ours, Api> = [Ours] extends [readonly (infer O)[]]
  ? [Api] extends [readonly (infer A)[]]
    ? Covers<O, A>
    : false
  : [Api] extends [Ours]
    ? CoversFields<Ours, Api>
    : false;

type CoversFields<Ours, Api> = Ours extends object
  ? keyof Ours extends keyof Api
    ? false extends { [K in keyof Ours]-?: Covers<NonNullable<Ours[K]>, NonNullable<Api[K]>> }[keyof Ours]
      ? false
      : true
    : false
  : true;

/** Fields of the API that the table of known fields lacks. */
type Lacks<Api, Table> = Table extends "any"
  ? never
  : Api extends readonly (infer E)[]
    ? Lacks<E, Table>
    : { [K in keyof Api & string]: K extends keyof Table ? Lacks<NonNullable<Api[K]>, Table[K]> : K }[keyof Api & string];

type Complete<Api, Kind extends keyof typeof KNOWN_FIELDS> = [Lacks<Required<Api>, (typeof KNOWN_FIELDS)[Kind]>] extends [never] ? true : false;

function holds<_Fact extends true>(): void {}

test("the fields of objects.ts are those of the Kubernetes API", () => {
  holds<Covers<Body<Ingress>, Body<ApiIngress>>>();
  holds<Covers<Body<IngressClass>, Body<ApiIngressClass>>>();
  holds<Covers<Body<Service>, Body<ApiService>>>();
  // The owner of an endpoint is made of its targetRef.
  holds<Covers<Omit<Body<EndpointSlice>, "endpoints">, Body<ApiEndpointSlice>>>();
  holds<Covers<Loose<Omit<SliceEndpoint, "owner">>, Loose<ApiEndpoint>>>();
  holds<Covers<Omit<Body<ConfigMap>, "forbidden">, Body<ApiConfigMap>>>();
  // The data of a Secret is left out: Sluice decodes the values when it reads them, so their type differs from the API's.
  holds<Covers<Omit<Body<Secret>, "data" | "forbidden">, Body<ApiSecret>>>();
  holds<Covers<Loose<Meta>, Loose<ApiMeta>>>();
});

test("no field of the Kubernetes API is called unknown", () => {
  holds<Complete<ApiIngress, "Ingress">>();
  holds<Complete<ApiIngressClass, "IngressClass">>();
  holds<Complete<ApiService, "Service">>();
  holds<Complete<ApiEndpointSlice, "EndpointSlice">>();
  holds<Complete<ApiEndpoints, "Endpoints">>();
  holds<Complete<ApiConfigMap, "ConfigMap">>();
  holds<Complete<ApiSecret, "Secret">>();
  holds<Complete<ApiIngress & { readonly spec: { readonly missed: string } }, "Ingress"> extends true ? false : true>();
});

test("the comparison notices a misspelt field and a wrong type", () => {
  holds<Covers<{ readonly tls?: readonly { readonly host?: string }[] }, Loose<NonNullable<ApiIngress["spec"]>>> extends true ? false : true>();
  holds<Covers<{ readonly ingressClassName?: number }, Loose<NonNullable<ApiIngress["spec"]>>> extends true ? false : true>();
});
