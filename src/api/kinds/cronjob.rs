//! batch/v1 CronJob.

use super::CronJob;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<CronJob> = Kind {
    short_names: &["cj"],
    categories: &["all"],
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Schedule", "type": "string", "format": "", "description": "The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.", "priority": 0}
        // COLUMN {"name": "Timezone", "type": "string", "format": "", "description": "The time zone name for the given schedule, see https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this will default to the time zone of the kube-controller-manager process. The set of valid time zone names and the time zone offset is loaded from the system-wide time zone database by the API server during CronJob validation and the controller manager during execution. If no system-wide time zone database can be found a bundled version of the database is used instead. If the time zone name becomes invalid during the lifetime of a CronJob or due to a change in host configuration, the controller will stop creating new new Jobs and will create a system event with the reason UnknownTimeZone. More information can be found in https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones", "priority": 0}
        // COLUMN {"name": "Suspend", "type": "boolean", "format": "", "description": "This flag tells the controller to suspend subsequent executions, it does not apply to already started executions.  Defaults to false.", "priority": 0}
        // COLUMN {"name": "Active", "type": "integer", "format": "", "description": "A list of pointers to currently running jobs.", "priority": 0}
        // COLUMN {"name": "Last Schedule", "type": "string", "format": "", "description": "Information when was the last time the job was successfully scheduled.", "priority": 0}
        Column::age(),
        // COLUMN {"name": "Containers", "type": "string", "format": "", "description": "Names of each container in the template.", "priority": 1}
        // COLUMN {"name": "Images", "type": "string", "format": "", "description": "Images referenced by each container in the template.", "priority": 1}
        // COLUMN {"name": "Selector", "type": "string", "format": "", "description": "A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors", "priority": 1}
    ],
    ..Kind::new(("batch", "v1"), "CronJob", "cronjobs", "cronjob")
};
