-- Hosts that a person has opened to the commands of one task. The coordinator writes, the gateway reads.
create table opened_hosts (
  task bigint not null references tasks (number),
  host text not null,
  port integer not null check (port between 1 and 65535),
  approval text,
  opened_at timestamptz not null,
  primary key (task, host, port)
);
