{{- define "chainpod.volumeMounts" -}}
- name: store
  mountPath: /var/lib/chainpod
{{- if .Values.docker.tls.enabled }}
- name: tls
  mountPath: /etc/chainpod/tls
  readOnly: true
{{- end }}
{{- if .Values.rules }}
- name: rules
  mountPath: /etc/chainpod/rules
  readOnly: true
{{- end }}
{{- if .Values.registryAuth.secretName }}
- name: registry-auth
  mountPath: /etc/chainpod/registry-auth
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "chainpod.volumes" -}}
- name: store
  {{- if eq .Values.store.type "pvc" }}
  persistentVolumeClaim:
    claimName: {{ include "chainpod.claim" . }}
  {{- else if and (eq .Values.store.type "emptyDir") .Values.store.emptyDir.sizeLimit }}
  emptyDir:
    sizeLimit: {{ .Values.store.emptyDir.sizeLimit }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- if .Values.docker.tls.enabled }}
- name: tls
  secret:
    secretName: {{ include "chainpod.tlsSecret" . }}
    defaultMode: 0440
{{- end }}
{{- if .Values.rules }}
- name: rules
  configMap:
    name: {{ include "chainpod.fullname" . }}-rules
{{- end }}
{{- if .Values.registryAuth.secretName }}
- name: registry-auth
  secret:
    secretName: {{ .Values.registryAuth.secretName }}
    defaultMode: 0440
    items:
      - key: .dockerconfigjson
        path: config.json
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
