-- The tenant's secrets, enveloped: each value is sealed with a key of its own, and that key with the tenant's, which is
-- not in the database. Written and read by the gateway only.
create table secrets (
  name text not null,
  version integer not null check (version > 0),
  hosts json not null,
  key_version integer not null check (key_version > 0),
  wrapped_key text not null,
  sealed_value text not null,
  created_at timestamptz not null,
  primary key (name, version)
);
