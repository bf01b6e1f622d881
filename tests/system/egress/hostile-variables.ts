/** Everything that the libraries under this service read from an environment, set to go elsewhere, to hide or to talk. */
export function hostileVariables(elsewhere: string, folder: string): Record<string, string> {
  return {
    ...proxies(elsewhere),
    ...both('API_KEY', 'hostile'),
    ...both('CALLBACKS_BACKGROUND', 'false'),
    ...both('DEBUG', 'true'),
    ...both('ENDPOINT', elsewhere),
    ...both('FAILED_TRACES_DIR', `${folder}/failed-traces`),
    ...both('HIDE_INPUTS', 'true'),
    ...both('HIDE_METADATA', 'true'),
    ...both('HIDE_OUTPUTS', 'true'),
    ...both('OTEL_ENABLED', 'true'),
    ...both('PROJECT', 'hostile'),
    ...both('TRACING', 'true'),
    ...both('TRACING_MODE', 'hostile'),
    ...both('TRACING_SAMPLING_RATE', '7'),
    ...both('TRACING_V2', 'true'),
    ...both('WORKSPACE_ID', 'hostile'),
    HOME: folder,
    LANGSMITH_CONFIG_FILE: `${folder}/.langsmith/config.json`,
    LANGSMITH_AGENT_ENVIRONMENT: 'production',
    LANGSMITH_AGENT_ID: 'hostile',
    LANGSMITH_GATEWAY: elsewhere,
    LANGSMITH_GATEWAY_API_KEY: 'hostile',
    LANGSMITH_PROFILE: 'hostile',
    LANGSMITH_RUNS_ENDPOINTS: JSON.stringify([{ api_url: elsewhere, api_key: 'hostile' }]),
    LANGSMITH_TENANT_ID: 'hostile',
    LANGSMITH_TRACING_BACKGROUND: 'false',
    LANGCHAIN_BASE_URL: elsewhere,
    LANGCHAIN_CUSTOM_HEADERS: 'x-hostile: yes',
    LANGCHAIN_LOG: 'debug',
    LANGCHAIN_SESSION: 'hostile',
    LANGCHAIN_VERBOSE: 'true',
    LC_OUTPUT_VERSION: 'v1',
    AZURE_OPENAI_API_KEY: 'hostile',
    AZURE_OPENAI_BASE_PATH: elsewhere,
    AZURE_OPENAI_ENDPOINT: elsewhere,
    OPENAI_ADMIN_KEY: 'hostile',
    OPENAI_API_BASE: `${elsewhere}/v1`,
    OPENAI_API_KEY: 'hostile',
    OPENAI_BASE_URL: `${elsewhere}/v1`,
    OPENAI_CUSTOM_HEADERS: 'x-hostile: yes\nauthorization: Bearer hostile\ncontent-type: text/hostile',
    OPENAI_LOG: 'debug',
    OPENAI_ORGANIZATION: 'hostile',
    OPENAI_ORG_ID: 'hostile',
    OPENAI_PROJECT_ID: 'hostile',
    MISTRAL_API_KEY: 'hostile',
    MISTRAL_BASE_URL: elsewhere,
    MISTRAL_DEBUG: 'true',
    MISTRAL_SERVER_URL: elsewhere,
    OTEL_ENABLED: 'true',
    OTEL_EXPORTER_OTLP_ENDPOINT: elsewhere,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${elsewhere}/v1/traces`,
  };
}

/** As a file of LangSmith's command line, which its libraries read too. */
export function hostileProfile(elsewhere: string): string {
  const hostile = { api_url: elsewhere, api_key: 'hostile', workspace_id: 'hostile' };
  return JSON.stringify({ current_profile: 'hostile', profiles: { hostile } });
}

/** For loopback addresses too; honoured by Node itself since 24. */
function proxies(elsewhere: string): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'all_proxy', 'ftp_proxy', 'ws_proxy', 'wss_proxy'];
  const cased = names.flatMap((name) => [name, name.toUpperCase()]);
  return {
    ...Object.fromEntries(cased.map((name) => [name, elsewhere])),
    GLOBAL_AGENT_HTTP_PROXY: elsewhere,
    NODE_USE_ENV_PROXY: '1',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    NO_PROXY: 'nobody.invalid',
    no_proxy: 'nobody.invalid',
    npm_config_proxy: elsewhere,
    npm_config_https_proxy: elsewhere,
  };
}

function both(name: string, value: string): Record<string, string> {
  return { [`LANGSMITH_${name}`]: value, [`LANGCHAIN_${name}`]: value };
}
