/** The ids of OMS tasks and task groups, as the API and the dashboard take them. */

export const TASK_ID = /^[1-9]\d{0,14}$/;

export const GROUP_ID = /^[A-Za-z0-9-]{1,64}$/;
