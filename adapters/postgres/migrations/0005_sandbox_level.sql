-- What walls a task's commands had.

alter table tasks add column sandbox json;
