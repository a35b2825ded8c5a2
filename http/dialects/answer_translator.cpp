#include "http/dialects/answer_translator.hpp"

#include "http/core/local_reply.hpp"

namespace synapse::http {

told_error make_told_error(std::string_view message, std::string_view type, unsigned status) {
  told_error told;
  told.status = status;
  append_json_string(told.body += R"({"error":{"message":)", message);
  append_json_string(told.body += R"(,"type":)", type.empty() ? "upstream_error" : type);
  told.body += R"(,"param":null,"code":null}})";
  return told;
}

} // namespace synapse::http
