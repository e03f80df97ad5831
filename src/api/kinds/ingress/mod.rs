//! networking.k8s.io/v1 Ingress.

use super::Ingress;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<Ingress> = Kind {
    short_names: &["ing"],
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Class", "type": "string", "format": "", "description": "The name of the IngressClass resource that should be used for additional configuration", "priority": 0}
        // COLUMN {"name": "Hosts", "type": "string", "format": "", "description": "Hosts that incoming requests are matched against before the ingress rule", "priority": 0}
        // COLUMN {"name": "Address", "type": "string", "format": "", "description": "Address is a list containing ingress points for the load-balancer", "priority": 0}
        // COLUMN {"name": "Ports", "type": "string", "format": "", "description": "Ports of TLS configurations that open", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("networking.k8s.io", "v1"), "Ingress", "ingresses", "ingress")
};
