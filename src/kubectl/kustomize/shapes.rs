//! The fields that may stand in a kustomization, as Go declares them.
//! Real Kubernetes: kustomize api/types/kustomization.go and its neighbours.

use super::decode::{Field, Shape, Struct, embedded, field};

const TEXTS: Shape = Shape::List(&Shape::Text);

const IN_GVK: &[&str] = &["ResId", "Gvk"];
static SELECTOR: Struct = Struct {
    name: "Selector",
    fields: &[
        embedded("group", Shape::Text, IN_GVK),
        embedded("version", Shape::Text, IN_GVK),
        embedded("kind", Shape::Text, IN_GVK),
        embedded("name", Shape::Text, &["ResId"]),
        embedded("namespace", Shape::Text, &["ResId"]),
        field("annotationSelector", Shape::Text),
        field("labelSelector", Shape::Text),
    ],
};
static FIELD_OPTIONS: Struct = Struct {
    name: "FieldOptions",
    fields: &[
        field("delimiter", Shape::Text),
        field("index", Shape::Int("int")),
        field("encoding", Shape::Text),
        field("create", Shape::Bool),
    ],
};
static SOURCE: Struct = Struct {
    name: "SourceSelector",
    fields: &[
        embedded("group", Shape::Text, IN_GVK),
        embedded("version", Shape::Text, IN_GVK),
        embedded("kind", Shape::Text, IN_GVK),
        embedded("name", Shape::Text, &["ResId"]),
        embedded("namespace", Shape::Text, &["ResId"]),
        field("fieldPath", Shape::Text),
        field("options", Shape::Struct(&FIELD_OPTIONS)),
    ],
};
static TARGET: Struct = Struct {
    name: "TargetSelector",
    fields: &[
        field("select", Shape::Struct(&SELECTOR)),
        field("reject", Shape::List(&Shape::Struct(&SELECTOR))),
        field("fieldPaths", TEXTS),
        field("options", Shape::Struct(&FIELD_OPTIONS)),
    ],
};
const IN_REPLACEMENT: &[&str] = &["Replacement"];
static REPLACEMENT_FIELD: Struct = Struct {
    name: "ReplacementField",
    fields: &[
        embedded("source", Shape::Struct(&SOURCE), IN_REPLACEMENT),
        embedded("targets", Shape::List(&Shape::Struct(&TARGET)), IN_REPLACEMENT),
        embedded("sourceValue", Shape::Text, IN_REPLACEMENT),
        field("path", Shape::Text),
    ],
};
static PATCH_ARGS: Struct = Struct {
    name: "PatchArgs",
    fields: &[field("allowNameChange", Shape::Bool), field("allowKindChange", Shape::Bool)],
};
static PATCH: Struct = Struct {
    name: "Patch",
    fields: &[
        field("path", Shape::Text),
        field("patch", Shape::Text),
        field("target", Shape::Struct(&SELECTOR)),
        field("options", Shape::Struct(&PATCH_ARGS)),
    ],
};
static IMAGE: Struct = Struct {
    name: "Image",
    fields: &[
        field("name", Shape::Text),
        field("newName", Shape::Text),
        field("tagSuffix", Shape::Text),
        field("newTag", Shape::Text),
        field("digest", Shape::Text),
    ],
};
static REPLICA: Struct =
    Struct { name: "Replica", fields: &[field("name", Shape::Text), field("count", Shape::Int("int64"))] };
static FIELD_SPEC: Struct = Struct {
    name: "FieldSpec",
    fields: &[
        embedded("group", Shape::Text, &["Gvk"]),
        embedded("version", Shape::Text, &["Gvk"]),
        embedded("kind", Shape::Text, &["Gvk"]),
        field("path", Shape::Text),
        field("create", Shape::Bool),
    ],
};
static LABEL: Struct = Struct {
    name: "Label",
    fields: &[
        field("pairs", Shape::Texts),
        field("includeSelectors", Shape::Bool),
        field("includeTemplates", Shape::Bool),
        field("fields", Shape::List(&Shape::Struct(&FIELD_SPEC))),
    ],
};
static GENERATOR_OPTIONS: Struct = Struct {
    name: "GeneratorOptions",
    fields: &[
        field("labels", Shape::Texts),
        field("annotations", Shape::Texts),
        field("disableNameSuffixHash", Shape::Bool),
        field("immutable", Shape::Bool),
    ],
};
const IN_ARGS: &[&str] = &["GeneratorArgs"];
const IN_SOURCES: &[&str] = &["GeneratorArgs", "KvPairSources"];
const GENERATOR: [Field; 9] = [
    embedded("namespace", Shape::Text, IN_ARGS),
    embedded("name", Shape::Text, IN_ARGS),
    embedded("behavior", Shape::Text, IN_ARGS),
    embedded("literals", TEXTS, IN_SOURCES),
    embedded("files", TEXTS, IN_SOURCES),
    embedded("envs", TEXTS, IN_SOURCES),
    embedded("env", Shape::Text, IN_SOURCES),
    embedded("options", Shape::Struct(&GENERATOR_OPTIONS), IN_ARGS),
    field("type", Shape::Text),
];
static SECRET: Struct = Struct { name: "SecretArgs", fields: &GENERATOR };
static CONFIG_MAP: Struct = Struct { name: "ConfigMapArgs", fields: GENERATOR.split_at(8).0 };
static VAR_TARGET: Struct = Struct {
    name: "Target",
    fields: &[
        field("apiVersion", Shape::Text),
        embedded("group", Shape::Text, &["Gvk"]),
        embedded("version", Shape::Text, &["Gvk"]),
        embedded("kind", Shape::Text, &["Gvk"]),
        field("name", Shape::Text),
        field("namespace", Shape::Text),
    ],
};
static FIELD_REF: Struct = Struct { name: "FieldSelector", fields: &[field("fieldPath", Shape::Text)] };
static VAR: Struct = Struct {
    name: "Var",
    fields: &[
        field("name", Shape::Text),
        field("objref", Shape::Struct(&VAR_TARGET)),
        field("fieldref", Shape::Struct(&FIELD_REF)),
    ],
};
static LEGACY_SORT: Struct =
    Struct { name: "LegacySortOptions", fields: &[field("orderFirst", TEXTS), field("orderLast", TEXTS)] };
static SORT: Struct = Struct {
    name: "SortOptions",
    fields: &[field("order", Shape::Named("types.SortOrder")), field("legacySortOptions", Shape::Struct(&LEGACY_SORT))],
};
static METADATA: Struct = Struct {
    name: "ObjectMeta",
    fields: &[
        field("name", Shape::Text),
        field("namespace", Shape::Text),
        field("labels", Shape::Texts),
        field("annotations", Shape::Texts),
    ],
};

pub static KUSTOMIZATION: Struct = Struct {
    name: "Kustomization",
    fields: &[
        embedded("kind", Shape::Text, &["TypeMeta"]),
        embedded("apiVersion", Shape::Text, &["TypeMeta"]),
        field("metadata", Shape::Struct(&METADATA)),
        field("openapi", Shape::Texts),
        field("namePrefix", Shape::Text),
        field("nameSuffix", Shape::Text),
        field("namespace", Shape::Text),
        field("commonLabels", Shape::Texts),
        field("labels", Shape::List(&Shape::Struct(&LABEL))),
        field("commonAnnotations", Shape::Texts),
        field("patchesStrategicMerge", Shape::List(&Shape::Named("types.PatchStrategicMerge"))),
        field("patchesJson6902", Shape::List(&Shape::Struct(&PATCH))),
        field("patches", Shape::List(&Shape::Struct(&PATCH))),
        field("images", Shape::List(&Shape::Struct(&IMAGE))),
        field("imageTags", Shape::List(&Shape::Struct(&IMAGE))),
        field("replacements", Shape::List(&Shape::Struct(&REPLACEMENT_FIELD))),
        field("replicas", Shape::List(&Shape::Struct(&REPLICA))),
        field("vars", Shape::List(&Shape::Struct(&VAR))),
        field("sortOptions", Shape::Struct(&SORT)),
        field("resources", TEXTS),
        field("components", TEXTS),
        field("crds", TEXTS),
        field("bases", TEXTS),
        field("configMapGenerator", Shape::List(&Shape::Struct(&CONFIG_MAP))),
        field("secretGenerator", Shape::List(&Shape::Struct(&SECRET))),
        field("generatorOptions", Shape::Struct(&GENERATOR_OPTIONS)),
        field("configurations", TEXTS),
        field("generators", TEXTS),
        field("transformers", TEXTS),
        field("validators", TEXTS),
        field("buildMetadata", TEXTS),
    ],
};
/// What kustomize builds and kubetutor does not: programs, charts, schemas of one's own.
pub const ABSENT: &[&str] = &[
    "openapi",
    "crds",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generators",
    "transformers",
    "validators",
];

static BACK_REFERENCES: Struct = Struct {
    name: "NameBackReferences",
    fields: &[
        embedded("group", Shape::Text, &["Gvk"]),
        embedded("version", Shape::Text, &["Gvk"]),
        embedded("kind", Shape::Text, &["Gvk"]),
        field("fieldSpecs", FIELD_SPECS),
    ],
};
const FIELD_SPECS: Shape = Shape::List(&Shape::Struct(&FIELD_SPEC));
/// A file of `configurations`.
pub static TRANSFORMER_CONFIG: Struct = Struct {
    name: "TransformerConfig",
    fields: &[
        field("namePrefix", FIELD_SPECS),
        field("nameSuffix", FIELD_SPECS),
        field("namespace", FIELD_SPECS),
        field("commonLabels", FIELD_SPECS),
        field("labels", FIELD_SPECS),
        field("templateLabels", FIELD_SPECS),
        field("commonAnnotations", FIELD_SPECS),
        field("nameReference", Shape::List(&Shape::Struct(&BACK_REFERENCES))),
        field("varReference", FIELD_SPECS),
        field("images", FIELD_SPECS),
        field("replicas", FIELD_SPECS),
    ],
};
