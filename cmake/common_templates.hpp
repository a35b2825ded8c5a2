// Templates of libraries that most files would instantiate anew. They are declared here, in the
// precompiled header, and compiled once, in common_templates.cpp; without the precompiled header
// every file instantiates them for itself, as usual.
#pragma once
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <string>
#include <utility>

// Or `template`, where they are defined.
#ifndef SYNAPSE_COMMON_TEMPLATE
#define SYNAPSE_COMMON_TEMPLATE extern template
#endif

namespace synapse::common_templates {

// How nlohmann reads a std::string, and a std::string_view or two pointers.
using json_text = decltype(nlohmann::detail::input_adapter(std::declval<const std::string&>()));
using json_bytes = decltype(nlohmann::detail::input_adapter(std::declval<const char*>(),
                                                            std::declval<const char*>()));

} // namespace synapse::common_templates

SYNAPSE_COMMON_TEMPLATE class nlohmann::basic_json<>;
SYNAPSE_COMMON_TEMPLATE class nlohmann::basic_json<nlohmann::ordered_map>;
SYNAPSE_COMMON_TEMPLATE class nlohmann::detail::serializer<nlohmann::json>;
SYNAPSE_COMMON_TEMPLATE class nlohmann::detail::serializer<nlohmann::ordered_json>;
SYNAPSE_COMMON_TEMPLATE class nlohmann::detail::parser<nlohmann::json,
                                                       synapse::common_templates::json_text>;
SYNAPSE_COMMON_TEMPLATE class nlohmann::detail::parser<nlohmann::json,
                                                       synapse::common_templates::json_bytes>;
SYNAPSE_COMMON_TEMPLATE class nlohmann::detail::parser<nlohmann::ordered_json,
                                                       synapse::common_templates::json_text>;
SYNAPSE_COMMON_TEMPLATE class nlohmann::detail::parser<nlohmann::ordered_json,
                                                       synapse::common_templates::json_bytes>;

// What every log line with an argument comes down to. Declared as fmt 9 does it, which Debian 12
// has.
#if FMT_VERSION < 100000
SYNAPSE_COMMON_TEMPLATE void fmt::detail::vformat_to<char>(fmt::detail::buffer<char>&,
                                                           fmt::string_view, fmt::format_args,
                                                           fmt::detail::locale_ref);
#endif
