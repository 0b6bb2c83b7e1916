{{- /* The settings, as docs/configuration.md has them. */ -}}
{{- define "chainpod.env" -}}
{{- $host := .Values.bindAddress -}}
- name: CHAINPOD_LISTEN
  value: tcp://{{ include "chainpod.bind" (dict "host" $host "port" (include "chainpod.dockerPort" .)) }}
{{- if .Values.docker.tls.enabled }}
- name: CHAINPOD_TLS_CERT
  value: /etc/chainpod/tls/tls.crt
- name: CHAINPOD_TLS_KEY
  value: /etc/chainpod/tls/tls.key
{{- if .Values.docker.tls.clientAuth }}
- name: CHAINPOD_TLS_CLIENT_CA
  value: /etc/chainpod/tls/ca.crt
{{- end }}
{{- end }}
- name: CHAINPOD_NAMESPACE
  value: {{ include "chainpod.chaincodeNamespace" . }}
- name: CHAINPOD_INSTANCE
  value: {{ include "chainpod.instance" . }}
- name: CHAINPOD_LEASE_NAMESPACE
  value: {{ .Release.Namespace }}
# A container that is started again in this Pod leads at once.
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_UID
  valueFrom:
    fieldRef:
      fieldPath: metadata.uid
- name: CHAINPOD_LEASE_IDENTITY
  value: $(POD_NAME)_$(POD_UID)
- name: CHAINPOD_UNSCHEDULABLE_LIMIT
  value: {{ .Values.unschedulableLimit }}
{{- if .Values.rules }}
- name: CHAINPOD_RULES
  value: /etc/chainpod/rules/rules.yaml
{{- end }}
{{- if .Values.registryAuth.secretName }}
- name: CHAINPOD_REGISTRY_AUTH
  value: /etc/chainpod/registry-auth/config.json
{{- end }}
- name: CHAINPOD_STORE
  value: {{ include "chainpod.store" . }}
{{- if eq .Values.store.type "s3" }}
{{- with .Values.store.s3 }}
# Files that are being uploaded to the bucket.
- name: TMPDIR
  value: /var/lib/chainpod
- name: AWS_REGION
  value: {{ .region }}
{{- with .endpoint }}
- name: AWS_ENDPOINT_URL
  value: {{ . }}
- name: AWS_ALLOW_HTTP
  value: {{ hasPrefix "http://" . | quote }}
{{- end }}
{{- with .secretName }}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: accessKeyId
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: secretAccessKey
{{- end }}
{{- end }}
{{- end }}
- name: CHAINPOD_AGENT_LISTEN
  value: {{ include "chainpod.bind" (dict "host" $host "port" 2377) | quote }}
- name: CHAINPOD_AGENT_ADDRESS
  value: {{ include "chainpod.fullname" . }}-agents.{{ .Release.Namespace }}.svc:2377
- name: CHAINPOD_AGENT_IMAGE
  value: {{ include "chainpod.image" . }}
- name: CHAINPOD_AGENT_VOLUME
  value: {{ .Values.agents.volume }}
- name: CHAINPOD_ADMIN_LISTEN
  value: {{ include "chainpod.bind" (dict "host" $host "port" 9090) | quote }}
- name: CHAINPOD_LOG_FORMAT
  value: {{ .Values.log.format }}
- name: CHAINPOD_LOG_FILTER
  value: {{ .Values.log.filter | quote }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
