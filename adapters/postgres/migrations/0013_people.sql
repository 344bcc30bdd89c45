-- Whom the owner has admitted. Who holds the local API's token is the owner without a row.
create table people (
  channel text not null,
  external_id text not null,
  role text not null check (role in ('owner', 'member')),
  name text not null,
  added_by text not null,
  added_at timestamptz not null,
  primary key (channel, external_id)
);
