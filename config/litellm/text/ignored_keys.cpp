#include "config/litellm/text/ignored_keys.hpp"

#include <array>

namespace synapse::config::litellm {

namespace {

constexpr std::string_view no_redis = "state is kept in each gateway; Redis is not asked";
constexpr std::string_view no_cache = "answers are not cached";
constexpr std::string_view no_callbacks =
    "callbacks are not called; see the metrics and the access log instead";
constexpr std::string_view no_database = "there is no database: models stand in this file";
constexpr std::string_view no_alerts = "alerts are not sent; see the metrics instead";
constexpr std::string_view no_budgets = "there are no budgets";
constexpr std::string_view no_teams = "there are no users and teams";
constexpr std::string_view own_log = "the log's level is SYNAPSE_LOG_LEVEL";
constexpr std::string_view own_checks = "backends are looked at without a request to a model";
constexpr std::string_view as_it_is = "requests and answers pass as they are";

constexpr auto router_keys = std::to_array<ignored_key>({
    {"routing_strategy_args", "the strategies have no further settings"},
    {"redis_host", no_redis},
    {"redis_port", no_redis},
    {"redis_password", no_redis},
    {"redis_url", no_redis},
    {"redis_db", no_redis},
    {"cache_responses", no_cache},
    {"cache_kwargs", no_cache},
    {"caching_groups", no_cache},
    {"client_ttl", "connections are kept as the backends' pools say"},
    {"set_verbose", own_log},
    {"debug_level", own_log},
    {"alerting_config", no_alerts},
    {"provider_budget_config", no_budgets},
    {"deployment_affinity_ttl_seconds", "conversations stay together without a memory of them"},
    {"optional_pre_call_checks", "context, rates and affinity are always looked at"},
    {"router_general_settings", "every model is served"},
    {"assistants_config", "assistants are not served"},
    {"guardrail_list", "guardrails are not run: requests and answers pass as they are"},
    {"default_litellm_params", "write these keys into the entries of model_list"},
    {"model_group_retry_policy", "failures are repeated by what they mean, see routing"},
    {"disable_cooldowns", "a deployment that fails is left alone for a while all the same"},
    {"polling_interval", "nothing is polled for a free deployment"},
    {"default_priority", "requests have no priorities"},
});

constexpr auto litellm_keys = std::to_array<ignored_key>({
    {"callbacks", no_callbacks},
    {"success_callback", no_callbacks},
    {"failure_callback", no_callbacks},
    {"service_callback", no_callbacks},
    {"audit_log_callbacks", no_callbacks},
    {"langfuse_default_tags", no_callbacks},
    {"cache", no_cache},
    {"cache_params", no_cache},
    {"enable_caching_on_provider_specific_optional_params", no_cache},
    {"set_verbose", own_log},
    {"json_logs", own_log},
    {"turn_off_message_logging", "the text of requests and answers is never logged"},
    {"redact_messages_in_exceptions", "the text of requests and answers is never logged"},
    {"redact_user_api_key_info", "keys are never logged"},
    {"drop_params", "no field is dropped: requests pass as they are, and what a backend refuses "
                    "is answered as it says"},
    {"modify_params", as_it_is},
    {"telemetry", "nothing is told to anybody"},
    {"ssl_verify", "is looked for in litellm_params"},
    {"guardrails", "guardrails are not run: requests and answers pass as they are"},
    {"max_budget", no_budgets},
    {"budget_duration", no_budgets},
    {"max_internal_user_budget", no_budgets},
    {"internal_user_budget_duration", no_budgets},
    {"max_end_user_budget", no_budgets},
    {"max_user_budget", no_budgets},
    {"default_team_settings", no_teams},
    {"default_internal_user_params", no_teams},
    {"upperbound_key_generate_params", no_teams},
    {"default_key_generate_params", no_teams},
    {"key_generation_settings", no_teams},
    {"force_ipv4", "addresses are tried in the order of the resolver"},
    {"model_alias_map", "write model_group_alias instead"},
    {"public_routes", "which paths there are is fixed"},
    {"return_response_headers", "a backend's headers are passed on"},
    {"always_include_stream_usage", "usage is asked for where it is needed"},
    {"enable_json_schema_validation", as_it_is},
    {"mcp_aliases", "MCP servers are not served"},
    {"suppress_debug_info", own_log},
    {"prometheus_initialize_budget_metrics", no_budgets},
    {"require_auth_for_metrics_endpoint", "/metrics is served to whoever reaches the gateway"},
});

constexpr auto general_keys = std::to_array<ignored_key>({
    {"database_url", no_database},
    {"database_connection_pool_limit", no_database},
    {"database_connection_timeout", no_database},
    {"database_type", no_database},
    {"database_args", no_database},
    {"allow_requests_on_db_unavailable", no_database},
    {"store_model_in_db", no_database},
    {"store_prompts_in_spend_logs", no_database},
    {"disable_spend_logs", no_database},
    {"disable_spend_updates", no_database},
    {"use_redis_transaction_buffer", no_database},
    {"supported_db_objects", no_database},
    {"maximum_spend_logs_retention_period", no_database},
    {"proxy_batch_write_at", no_database},
    {"salt_key", no_database},
    {"alerting", no_alerts},
    {"alerting_threshold", no_alerts},
    {"alerting_args", no_alerts},
    {"alert_types", no_alerts},
    {"alert_to_webhook_url", no_alerts},
    {"spend_report_frequency", no_alerts},
    {"background_health_checks", own_checks},
    {"health_check_interval", own_checks},
    {"health_check_details", own_checks},
    {"max_parallel_requests", "is not set for all; write it into the entries of model_list"},
    {"global_max_parallel_requests", "is not set for all; see limits of the gateway"},
    {"max_request_size_mb", "see limits of the gateway"},
    {"max_response_size_mb", "answers may have any size"},
    {"completion_model", "a request that names no model is answered by models.auto"},
    {"infer_model_from_keys", "models stand in model_list"},
    {"pass_through_endpoints", "there are no pass-through routes"},
    {"forward_client_headers_to_llm_api", "a client's headers are passed on but for its key"},
    {"ui_access_mode", "the dashboard has a key of its own"},
    {"disable_master_key_return", no_teams},
    {"disable_reset_budget", no_budgets},
    {"proxy_budget_rescheduler_min_time", no_budgets},
    {"proxy_budget_rescheduler_max_time", no_budgets},
    {"litellm_key_header_name", "there are no keys of the gateway"},
    {"store_audit_logs", "see the access log"},
    {"user_header_name", no_teams},
});

constexpr std::string_view opens =
    "the gateway does not check keys of clients yet, and without this everybody could use it; "
    "remove the key if whoever reaches the gateway may do so";

constexpr auto guards = std::to_array<ignored_key>({
    {"master_key", opens},
    {"custom_auth", opens},
    {"enable_jwt_auth", opens},
    {"litellm_jwtauth", opens},
    {"enable_oauth2_auth", opens},
    {"enable_oauth2_proxy_auth", opens},
    {"allowed_ips", opens},
});

} // namespace

std::span<const ignored_key> ignored_router_keys() {
  return router_keys;
}

std::span<const ignored_key> ignored_litellm_keys() {
  return litellm_keys;
}

std::span<const ignored_key> ignored_general_keys() {
  return general_keys;
}

std::span<const ignored_key> guarding_keys() {
  return guards;
}

} // namespace synapse::config::litellm
