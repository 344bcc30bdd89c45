-- What a task has read so far, for the rule of two: noted where it is handed out, never on the worker's word. Of earlier
-- tasks nobody has noted it: they count as having read both.
alter table tasks add column seen_untrusted boolean not null default true,
  add column seen_private boolean not null default true;
alter table tasks alter column seen_untrusted set default false, alter column seen_private set default false;
