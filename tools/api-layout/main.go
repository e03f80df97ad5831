// Command api-layout prints how Go lays the Kubernetes API types out: for each struct its fields in order,
// with Go type, JSON name, shape and patch strategy. src/api/schema/layout.txt is its output; README.md
// beside this file says how to run it. It is a tool of the maintainers and no part of the build.
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

var roots = []any{
	corev1.Binding{}, corev1.ComponentStatus{}, corev1.ConfigMap{}, corev1.Endpoints{}, corev1.Event{}, corev1.LimitRange{},
	corev1.Namespace{}, corev1.Node{}, corev1.PersistentVolumeClaim{}, corev1.PersistentVolume{}, corev1.Pod{},
	corev1.PodTemplate{}, corev1.ReplicationController{}, corev1.ResourceQuota{}, corev1.Secret{}, corev1.ServiceAccount{},
	corev1.Service{},
	admissionregistrationv1.MutatingAdmissionPolicy{}, admissionregistrationv1.MutatingAdmissionPolicyBinding{},
	admissionregistrationv1.MutatingWebhookConfiguration{}, admissionregistrationv1.ValidatingAdmissionPolicy{},
	admissionregistrationv1.ValidatingAdmissionPolicyBinding{}, admissionregistrationv1.ValidatingWebhookConfiguration{},
	apiextensionsv1.CustomResourceDefinition{}, apiregistrationv1.APIService{},
	appsv1.ControllerRevision{}, appsv1.DaemonSet{}, appsv1.Deployment{}, appsv1.ReplicaSet{}, appsv1.StatefulSet{},
	authenticationv1.SelfSubjectReview{}, authenticationv1.TokenReview{}, authenticationv1.TokenRequest{},
	authorizationv1.LocalSubjectAccessReview{}, authorizationv1.SelfSubjectAccessReview{},
	authorizationv1.SelfSubjectRulesReview{}, authorizationv1.SubjectAccessReview{},
	autoscalingv1.HorizontalPodAutoscaler{}, autoscalingv1.Scale{}, autoscalingv2.HorizontalPodAutoscaler{},
	batchv1.CronJob{}, batchv1.Job{}, certificatesv1.CertificateSigningRequest{}, coordinationv1.Lease{},
	discoveryv1.EndpointSlice{}, eventsv1.Event{}, flowcontrolv1.FlowSchema{}, flowcontrolv1.PriorityLevelConfiguration{},
	networkingv1.IngressClass{}, networkingv1.Ingress{}, networkingv1.IPAddress{}, networkingv1.NetworkPolicy{},
	networkingv1.ServiceCIDR{}, nodev1.RuntimeClass{}, policyv1.Eviction{}, policyv1.PodDisruptionBudget{},
	rbacv1.ClusterRole{}, rbacv1.ClusterRoleBinding{}, rbacv1.Role{}, rbacv1.RoleBinding{},
	resourcev1.DeviceClass{}, resourcev1.ResourceClaim{}, resourcev1.ResourceClaimTemplate{}, resourcev1.ResourceSlice{},
	schedulingv1.PriorityClass{},
	storagev1.CSIDriver{}, storagev1.CSINode{}, storagev1.CSIStorageCapacity{}, storagev1.StorageClass{},
	storagev1.VolumeAttachment{}, storagev1.VolumeAttributesClass{},
	metricsv1beta1.NodeMetrics{}, metricsv1beta1.PodMetrics{},
	metav1.DeleteOptions{},
	// What a server answers that is no object.
	metav1.APIVersions{}, metav1.APIGroupList{}, metav1.APIGroup{}, metav1.APIResourceList{}, metav1.Status{},
	metav1.Table{}, metav1.PartialObjectMetadata{}, metav1.PartialObjectMetadataList{}, metav1.WatchEvent{},
	apidiscoveryv2.APIGroupDiscoveryList{}, version.Info{},
	admissionv1.AdmissionReview{},
}

// Types whose JSON is a single value, not an object of their fields.
var scalars = map[string]bool{"meta/v1.Time": true, "meta/v1.MicroTime": true, "api/resource.Quantity": true, "util/intstr.IntOrString": true, "meta/v1.FieldsV1": true, "runtime.RawExtension": true, "apiextensions/v1.JSON": true,
	"apiextensions/v1.JSONSchemaPropsOrArray": true, "apiextensions/v1.JSONSchemaPropsOrBool": true, "apiextensions/v1.JSONSchemaPropsOrStringArray": true}

func id(t reflect.Type) string {
	p := t.PkgPath()
	for _, cut := range []string{"k8s.io/apimachinery/pkg/apis/", "k8s.io/apimachinery/pkg/", "k8s.io/api/",
		"k8s.io/apiextensions-apiserver/pkg/apis/", "k8s.io/kube-aggregator/pkg/apis/", "k8s.io/metrics/pkg/apis/"} {
		if rest, ok := strings.CutPrefix(p, cut); ok {
			p = rest
			break
		}
	}
	return p + "." + t.Name()
}

// shape peels pointers, slices and maps off: "*" pointer, "[" slice, "{" map with its key type.
func shape(t reflect.Type) (string, reflect.Type) {
	s := ""
	for {
		switch t.Kind() {
		case reflect.Pointer:
			s += "*"
		case reflect.Slice:
			if t.Elem().Kind() == reflect.Uint8 {
				return s + "b", t
			}
			s += "["
		case reflect.Map:
			s += "{" + t.Key().String() + "}"
		default:
			if s == "" {
				s = "-"
			}
			return s, t
		}
		t = t.Elem()
	}
}

func main() {
	seen := map[reflect.Type]bool{}
	queue := []reflect.Type{}
	add := func(t reflect.Type) {
		if t.Kind() == reflect.Struct && !seen[t] {
			seen[t] = true
			queue = append(queue, t)
		}
	}
	for _, r := range roots {
		add(reflect.TypeOf(r))
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		fmt.Fprintf(out, "%s\n", id(t))
		if scalars[id(t)] {
			continue
		}
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			tag := strings.Split(f.Tag.Get("json"), ",")
			flags := ""
			for _, x := range tag[1:] {
				if x != "" {
					flags += " " + x
				}
			}
			if s := f.Tag.Get("patchStrategy"); s != "" {
				flags += " strategy=" + s
			}
			if s := f.Tag.Get("patchMergeKey"); s != "" {
				flags += " key=" + s
			}
			name := tag[0]
			if name == "" {
				name = "-"
			}
			sh, base := shape(f.Type)
			b := base.Kind().String()
			if base.Kind() == reflect.Struct {
				b = id(base)
			}
			if base.Kind() == reflect.Slice {
				b = "bytes"
			}
			elem := base.String()
			fmt.Fprintf(out, " %s %s %s %s %s %s%s\n", f.Name, name, strings.ReplaceAll(f.Type.String(), " ", ""), sh, b, elem, flags)
			add(base)
		}
	}
}
