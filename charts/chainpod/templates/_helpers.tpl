{{- define "chainpod.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* Not app.kubernetes.io/instance and managed-by of chainpod: those are what it has made itself. */ -}}
{{- define "chainpod.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: daemon
{{- end -}}

{{- define "chainpod.labels" -}}
{{ include "chainpod.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: chainpod
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "chainpod.metadata" -}}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "chainpod.labels" . | nindent 2 }}
{{- end -}}

{{- define "chainpod.instance" -}}
{{- default .Release.Name .Values.instance -}}
{{- end -}}

{{- define "chainpod.chaincodeNamespace" -}}
{{- default .Release.Namespace .Values.chaincode.namespace -}}
{{- end -}}

{{- define "chainpod.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "chainpod.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "chainpod.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* A host and a port, as a listener wants them. */ -}}
{{- define "chainpod.bind" -}}
{{- ternary (printf "[%s]" .host) .host (contains ":" .host) -}}:{{ .port }}
{{- end -}}

{{- define "chainpod.dockerPort" -}}
{{- ternary 2376 2375 .Values.docker.tls.enabled -}}
{{- end -}}

{{- define "chainpod.tlsSecret" -}}
{{- default (printf "%s-tls" (include "chainpod.fullname" .)) .Values.docker.tls.secretName -}}
{{- end -}}

{{- define "chainpod.clientSecret" -}}
{{- $made := ternary (printf "%s-docker-client" (include "chainpod.fullname" .)) "" .Values.docker.tls.selfMade -}}
{{- default $made .Values.docker.tls.clientSecretName -}}
{{- end -}}

{{- /* The server's names, as YAML. */ -}}
{{- define "chainpod.dnsNames" -}}
{{- $service := .Values.docker.service.name -}}
- {{ $service }}
- {{ $service }}.{{ .Release.Namespace }}
- {{ $service }}.{{ .Release.Namespace }}.svc
{{- with .Values.docker.tls.dnsNames }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "chainpod.claim" -}}
{{- default (printf "%s-store" (include "chainpod.fullname" .)) .Values.store.pvc.existingClaim -}}
{{- end -}}

{{- define "chainpod.store" -}}
{{- if eq .Values.store.type "s3" -}}
s3://{{ .Values.store.s3.bucket }}/{{ default (printf "%s/%s" .Release.Namespace .Release.Name) .Values.store.s3.prefix }}
{{- else -}}
/var/lib/chainpod
{{- end -}}
{{- end -}}

{{- /* What no schema can say. */ -}}
{{- define "chainpod.check" -}}
{{- if and (eq .Values.store.type "s3") (not .Values.store.s3.bucket) -}}
{{- fail "store.type=s3 needs store.s3.bucket, the name of a bucket that is there" -}}
{{- end -}}
{{- with .Values.docker.tls -}}
{{- if and .enabled (not .selfMade) (not .secretName) (not .certManager.issuerRef) -}}
{{- fail "docker.tls.enabled needs a certificate: set docker.tls.secretName to a Secret with tls.crt, tls.key and ca.crt, docker.tls.certManager.issuerRef.name to an issuer of cert-manager, or docker.tls.selfMade" -}}
{{- end -}}
{{- if and .selfMade (or .secretName .certManager.issuerRef) -}}
{{- fail "docker.tls.selfMade makes the certificate: unset docker.tls.secretName and docker.tls.certManager" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.chaincode.createNamespace (eq (include "chainpod.chaincodeNamespace" .) .Release.Namespace) -}}
{{- fail "chaincode.createNamespace needs chaincode.namespace: the release's own namespace is there already (helm install --create-namespace makes it)" -}}
{{- end -}}
{{- end -}}
