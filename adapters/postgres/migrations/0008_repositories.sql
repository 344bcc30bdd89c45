-- Repositories that the Git commands of one task may read. The coordinator writes, the gateway reads.
create table opened_repositories (
  task bigint not null references tasks (number),
  repository text not null,
  approval text,
  opened_at timestamptz not null,
  primary key (task, repository)
);
