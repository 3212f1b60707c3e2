{{/* What templates share. Names of objects are fixed: commands in the documentation name them. */}}

{{- define "headcni.labels" -}}
app.kubernetes.io/name: headcni
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "headcni.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* `config` in JSON, without sections that have nothing under them: they are null. */}}
{{- define "headcni.givenConfig" -}}
{{- include "headcni.withoutNulls" (.Values.config | default dict) -}}
{{- end }}

{{- define "headcni.withoutNulls" -}}
{{- $given := dict -}}
{{- range $name, $value := . -}}
{{- if kindIs "map" $value -}}
{{- $_ := set $given $name (include "headcni.withoutNulls" $value | fromJson) -}}
{{- else if not (kindIs "invalid" $value) -}}
{{- $_ := set $given $name $value -}}
{{- end -}}
{{- end -}}
{{- toJson $given -}}
{{- end }}

{{/* Where the daemon serves its status. */}}
{{- define "headcni.listen" -}}
{{- dig "monitoring" "listen" "127.0.0.1:9465" (include "headcni.givenConfig" . | fromJson) -}}
{{- end }}

{{- define "headcni.portOf" -}}
{{- regexFind "[0-9]+$" . -}}
{{- end }}

{{/* The configuration file: `config`, the file of a key that the chart mounts, and that a controller approves where there is one. */}}
{{- define "headcni.config" -}}
{{- $config := include "headcni.givenConfig" . | fromJson -}}
{{- if .Values.controller.enabled -}}
{{- $config = merge $config (dict "headscale" (dict "approval" "controller")) -}}
{{- end -}}
{{- if .Values.tailscale.authKey.existingSecret -}}
{{- $login := dict "authKeyFile" (printf "/run/headcni/secrets/tailscale/%s" .Values.tailscale.authKey.key) -}}
{{- $config = merge $config (dict "tailscale" (dict "login" $login)) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/* One range for every node is right for one node only. */}}
{{- define "headcni.checkNodeLocal" -}}
{{- $nodeLocal := dig "network" "podCIDR" "nodeLocal" "" (include "headcni.givenConfig" . | fromJson) -}}
{{- if and $nodeLocal (not (kindIs "map" $nodeLocal)) (not .Values.singleNode) -}}
{{- $nodes := list -}}
{{- range (get (lookup "v1" "Node" "" "") "items" | default list) }}{{ $nodes = append $nodes .metadata.name }}{{ end -}}
{{- if gt (len $nodes) 1 -}}
{{- fail (printf "config.network.podCIDR.nodeLocal is one range for all, and this cluster has %d nodes: their pods would have the same addresses. Give each node its own, by name: --set config.network.podCIDR.nodeLocal.%s=10.244.1.0/24 --set config.network.podCIDR.nodeLocal.%s=10.244.2.0/24 (with \\. for each dot of a name). Or leave it out: each node then takes what Kubernetes assigned to it. If the cluster has one node, singleNode=true says so" (len $nodes) (index $nodes 0 | replace "." "\\.") (index $nodes 1 | replace "." "\\.")) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* A second daemon on a node waits for the first one for ever. */}}
{{- define "headcni.checkUpdateStrategy" -}}
{{- $maxSurge := dig "rollingUpdate" "maxSurge" 0 .Values.updateStrategy | toString -}}
{{- if not (has $maxSurge (list "0" "0%")) -}}
{{- fail (printf "updateStrategy.rollingUpdate.maxSurge is %s: a second daemon on a node would wait for ever for the first one to end; it has to be 0" $maxSurge) -}}
{{- end -}}
{{- end }}

{{- define "headcni.controllerLabels" -}}
app.kubernetes.io/name: headcni
app.kubernetes.io/component: controller
{{- end }}

{{/* What `headcni controller` would end for, said before anything is installed. */}}
{{- define "headcni.checkController" -}}
{{- $config := include "headcni.givenConfig" . | fromJson -}}
{{- $approval := dig "headscale" "approval" "controller" $config -}}
{{- if ne $approval "controller" -}}
{{- fail (printf "config.headscale.approval is %s, and controller.enabled runs a controller that approves: leave one of them out" $approval) -}}
{{- end -}}
{{- $needs := dict "config.network.podCIDR.base" (dig "network" "podCIDR" "base" "" $config) "config.tailscale.nodeTags" (dig "tailscale" "nodeTags" "" $config) "config.headscale.url" (dig "headscale" "url" "" $config) "controller.apiKey.existingSecret" .Values.controller.apiKey.existingSecret -}}
{{- $missing := list -}}
{{- range $name, $value := $needs }}{{ if not $value }}{{ $missing = append $missing $name }}{{ end }}{{ end -}}
{{- if $missing -}}
{{- fail (printf "controller.enabled needs %s: the controller approves blocks of the cluster's range, for nodes with a tag, at Headscale, with an API key from a Secret" (join ", " $missing)) -}}
{{- end -}}
{{- end }}

{{/* Folders of the node that are written. The parents of the runtime's: one that is replaced or mounted over is seen. */}}
{{- define "headcni.writableDirs" -}}
{{- $own := list "/var/lib/cni" "/var/lib/headcni" "/run/headcni" -}}
{{- toJson (uniq (concat (fromJsonArray (include "headcni.cniDirs" .)) $own .Values.writableDirs)) -}}
{{- end }}

{{/* Those of the uninstall: our own folders are removed, which takes the ones they lie in. */}}
{{- define "headcni.uninstallDirs" -}}
{{- toJson (uniq (concat (fromJsonArray (include "headcni.cniDirs" .)) (list "/var/lib" "/run") .Values.writableDirs)) -}}
{{- end }}

{{- define "headcni.tailscaleSocket" -}}
{{- dig "tailscale" "socket" "/run/tailscale/tailscaled.sock" (include "headcni.givenConfig" . | fromJson) -}}
{{- end }}

{{- define "headcni.cniDirs" -}}
{{- $cni := (include "headcni.givenConfig" . | fromJson).cni | default dict -}}
{{- toJson (list (dir ($cni.confDir | default "/etc/cni/net.d")) (dir ($cni.binDir | default "/opt/cni/bin"))) -}}
{{- end }}

{{/* Of a list of folders in JSON. */}}
{{- define "headcni.nodeVolumes" -}}
- name: host
  hostPath:
    path: /
- name: xtables-lock
  hostPath:
    path: /run/xtables.lock
    type: FileOrCreate
{{- range $index, $path := fromJsonArray . }}
- name: writable-{{ $index }}
  hostPath:
    path: {{ $path }}
    type: DirectoryOrCreate
{{- end }}
{{- end }}

{{/* Likewise. */}}
{{- define "headcni.nodeMounts" -}}
- name: host
  mountPath: /host
  readOnly: true
  mountPropagation: HostToContainer
- name: xtables-lock
  mountPath: /run/xtables.lock
{{- range $index, $path := fromJsonArray . }}
- name: writable-{{ $index }}
  mountPath: /host{{ $path }}
  mountPropagation: HostToContainer
{{- end }}
{{- end }}

{{/* Commands in a container ask for the node, without flags. */}}
{{- define "headcni.env" -}}
- name: HEADCNI_ROOT
  value: /host
- name: HEADCNI_CONFIG
  value: /etc/headcni-chart/config.yaml
- name: HEADCNI_NODENAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
{{- include "headcni.listenEnv" (dict "isMoved" .Values.podMonitor.enabled "listen" (include "headcni.listen" .)) }}
{{- end }}

{{/* For a Prometheus in a pod: on the node's address, whatever its family. Of a dict with isMoved and listen. */}}
{{- define "headcni.listenEnv" }}
{{- if .isMoved }}
- name: HOST_IP
  valueFrom:
    fieldRef:
      fieldPath: status.hostIP
- name: HEADCNI_MONITORING_LISTEN
  value: "[$(HOST_IP)]:{{ include "headcni.portOf" .listen }}"
{{- end }}
{{- end }}

{{/* Of the same: start, life and readiness, asked on the host's loopback where nothing is served elsewhere. */}}
{{- define "headcni.probes" }}
{{- $listen := .listen }}
{{- $isMoved := .isMoved }}
{{- range $name, $path := dict "startupProbe" "/healthz" "livenessProbe" "/healthz" "readinessProbe" "/readyz" }}
{{ $name }}:
  httpGet:
    {{- if and (not $isMoved) (regexMatch "^(127\\.|localhost:|\\[::1\\])" $listen) }}
    host: {{ regexReplaceAll ":[0-9]+$" $listen "" | trimAll "[]" | quote }}
    {{- end }}
    path: {{ $path }}
    port: {{ include "headcni.portOf" $listen }}
  periodSeconds: {{ eq $name "startupProbe" | ternary 1 10 }}
  timeoutSeconds: 5
  failureThreshold: {{ eq $name "startupProbe" | ternary 60 3 }}
{{- end }}
{{- end }}

{{/* What needs nothing of the node beside its network. Root, since the kubelet gives the file of a Secret to root alone. */}}
{{- define "headcni.plainSecurityContext" -}}
privileged: false
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* docs/kubernetes.md has the reason for each capability. Of a dict with a list of them in JSON, `add`, and the chart's Values. */}}
{{- define "headcni.securityContextWith" -}}
privileged: false
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsUser: 0
runAsGroup: 0
capabilities:
  drop: [ALL]
  add: {{ .add }}
seccompProfile:
  type: RuntimeDefault
{{- with .Values.seLinuxOptions }}
seLinuxOptions: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What every pod of the chart has. */}}
{{- define "headcni.podSpec" -}}
hostNetwork: true
dnsPolicy: Default
enableServiceLinks: false
priorityClassName: {{ .Values.priorityClassName }}
terminationGracePeriodSeconds: 5
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "headcni.container" -}}
image: {{ include "headcni.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
terminationMessagePolicy: FallbackToLogsOnError
{{- end }}
