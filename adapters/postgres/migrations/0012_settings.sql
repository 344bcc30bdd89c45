-- What the owner changed while Reeve runs. The newest revision of a name counts; value null: no wish any more.
create table config_revisions (
  id bigint primary key generated always as identity,
  name text not null,
  before text,
  value text,
  changed_by text not null,
  why text,
  undoes bigint unique references config_revisions,
  request text not null unique,
  at timestamptz not null
);

create index config_revisions_by_name on config_revisions (name, id desc);
