-- What a task has read so far, for the rule of two: noted where it is handed out, never on the worker's word.
alter table tasks add column seen_untrusted boolean not null default false,
  add column seen_private boolean not null default false;
