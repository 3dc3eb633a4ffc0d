"""What each error of the Web API means for us: the one table by which calls are retried, given up or raised."""

from enum import Enum


class Fate(Enum):
    """What an answer of `ok: false` says."""

    LATER = "nothing happened; the same call may succeed later"
    UNCLEAR = "it may or may not have happened"
    PLACE = "this place takes nothing any more"
    MESSAGE = "this one message is refused or gone"
    VIEW = "this view or trigger can no longer be used"
    TOKEN = "the token is worth nothing"  # noqa: S105  # a name, no token
    SCOPE = "the app was not granted the scope"
    BUG = "we called it wrongly"


_ERRORS: dict[Fate, str] = {
    Fate.LATER: """
        ratelimited rate_limited message_limit_exceeded team_added_to_org request_timeout
        external_channel_migrating too_many_websockets
    """,
    # "It is possible that some aspect of the operation succeeded before the error was raised."
    Fate.UNCLEAR: "fatal_error internal_error service_unavailable update_failed",
    Fate.PLACE: """
        channel_not_found channel_is_archived is_archived not_in_channel user_not_in_channel is_inactive
        cannot_dm_bot user_not_found user_disabled user_not_visible users_not_found messages_tab_disabled
        restricted_action restricted_action_read_only_channel restricted_action_non_threadable_channel
        channel_type_not_supported method_not_supported_for_channel_type posting_to_channel_denied
        posting_to_general_channel_denied invalid_channel cannot_find_channel
        slack_connect_file_link_sharing_blocked not_supported_for_channel
    """,
    Fate.MESSAGE: """
        message_not_found cant_update_message cant_delete_message edit_window_closed block_mismatch
        cannot_reply_to_message cant_post_to_thread restricted_action_thread_locked
        restricted_action_thread_only_channel thread_not_found msg_too_long no_text invalid_blocks
        invalid_blocks_format msg_blocks_too_long too_many_attachments too_many_contact_cards
        metadata_too_large invalid_metadata_format invalid_metadata_schema metadata_must_be_sent_from_app
        attachment_payload_limit_exceeded duplicate_channel_not_found duplicate_message_not_found
        slack_connect_canvas_sharing_blocked slack_connect_clip_sharing_blocked
        slack_connect_blocked_file_type slack_connect_lists_sharing_blocked markdown_text_conflict
        streaming_state_conflict too_many_emoji too_many_reactions no_reaction already_reacted
        invalid_name no_item_specified bad_timestamp file_not_found file_deleted file_update_failed
        blocked_file_type file_type_not_allowed file_uploads_disabled
        file_uploads_except_images_disabled storage_limit_reached alt_txt_too_large
        snippet_too_large unknown_snippet_type missing_files posting_to_thread_denied
    """,
    Fate.VIEW: """
        expired_trigger_id exchanged_trigger_id invalid_trigger_id trigger_exchanged trigger_expired
        duplicate_external_id hash_conflict not_found push_limit_reached view_too_large
        not_enabled internal_view_error invalid_view_state
    """,
    Fate.TOKEN: """
        invalid_auth not_authed account_inactive token_revoked token_expired org_login_required
        two_factor_setup_required team_access_not_granted ekm_access_denied enterprise_is_restricted
        not_allowed_token_type access_denied no_permission accesslimited app_missing_action_url
    """,
    Fate.SCOPE: "missing_scope",
    Fate.BUG: """
        invalid_arguments invalid_arg_name invalid_args invalid_array_arg invalid_charset invalid_form_data
        invalid_post_type missing_post_type missing_argument missing_charset invalid_json json_not_object
        unknown_method method_deprecated deprecated_endpoint as_user_not_supported team_not_found
        missing_post_data upgrade_required invalid_users users_list_not_supplied not_enough_users
        too_many_users invalid_ts_latest invalid_ts_oldest invalid_cursor invalid_limit
        invalid_metadata_filter_keys invalid_types
    """,
}
FATES: dict[str, Fate] = {error: fate for fate, errors in _ERRORS.items() for error in errors.split()}


def fate(error: str) -> Fate:
    """Return what the error means; one that is nowhere documented was at least a refusal of this call."""
    return FATES.get(error, Fate.MESSAGE)
