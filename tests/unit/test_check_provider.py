"""`make check-provider`, on a provider of two types: what it finds, and that it finds it."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from scripts.check_provider import bindings, deprecations
from scripts.check_provider.__main__ import HCL, KNOWN_DEPRECATED, ROOT, main
from scripts.check_provider.comparison import compare
from scripts.check_provider.configuration import Kind, read_folders, read_text

LINK = "{@link https://registry.terraform.io/providers/hashicorp/aws/6.1.2/docs/resources/box#"
BOX = f"""
import * as cdktn from 'cdktn';
export interface BoxConfig extends cdktn.TerraformMetaArguments {{
    /**
    * Docs at Terraform Registry: {LINK}name Box#name}}
    */
    readonly name: string;
    /**
    * Docs at Terraform Registry: {LINK}is_open Box#is_open}}
    */
    readonly isOpen?: boolean | cdktn.IResolvable;
    /**
    * lid block
    *
    * Docs at Terraform Registry: {LINK}lid Box#lid}}
    */
    readonly lid?: BoxLid[] | cdktn.IResolvable;
}}
export interface BoxLid {{
    /**
    * Docs at Terraform Registry: {LINK}colour Box#colour}}
    */
    readonly colour: string;
    /**
    * Docs at Terraform Registry: {LINK}weight Box#weight}}
    */
    readonly weight?: {{
        [key: string]: string;
    }};
}}
export declare class BoxLidOutputReference extends cdktn.ComplexObject {{
    get colour(): string;
}}
export declare class Box extends cdktn.TerraformResource {{
    static readonly tfResourceType = "aws_box";
    constructor(scope: Construct, id: string, config: BoxConfig);
    get arn(): string;
    get name(): string;
    get isOpen(): boolean;
}}
"""
REGION = """
export interface DataAwsRegionConfig extends cdktn.TerraformMetaArguments {
}
export declare class DataAwsRegion extends cdktn.TerraformDataSource {
    static readonly tfResourceType = "aws_region";
    constructor(scope: Construct, id: string, config?: DataAwsRegionConfig);
    get id(): string;
    get region(): string;
}
// https://registry.terraform.io/providers/hashicorp/aws/6.1.2/docs/data-sources/region
"""
BOX_NOTES = '''
class BoxArgs:
    @pulumi.getter(name="isOpen")
    @_utilities.deprecated("""Use lid instead.""")
    def is_open(self): ...
class Box(pulumi.CustomResource):
    def _internal_init(self):
        super(Box, self).__init__('aws:boxes/box:Box', resource_name)
'''
BOX_INPUTS = '''
from __future__ import annotations
class BoxLidArgs:
    @pulumi.getter
    @_utilities.deprecated("""weight is deprecated.""")
    def weights(self): ...
class OtherLidArgs:
    @pulumi.getter
    @_utilities.deprecated("""colour is deprecated, elsewhere.""")
    def colour(self): ...
'''
REGION_NOTES = '''
class GetRegionResult:
    @pulumi.getter
    @_utilities.deprecated("""Use 'region' instead.""")
    def id(self): ...
def get_region():
    __ret__ = pulumi.runtime.invoke('aws:index/getRegion:getRegion', __args__)
'''
FITS = 'resource "aws_boxes_box" "this" {\n  name = "a"\n}\n'


def _schemas() -> dict[tuple[Kind, str], bindings.Schema]:
    return {
        ("resource", "aws_boxes_box"): bindings.parse(
            BOX.replace('"aws_box"', '"aws_boxes_box"'), "resource", "aws_boxes_box"
        ),
        ("data", "aws_region"): bindings.parse(REGION, "data", "aws_region"),
    }


def _notes() -> dict[tuple[Kind, str], deprecations.Notes]:
    return {
        ("resource", "aws_boxes_box"): deprecations.notes(BOX_NOTES, BOX_INPUTS),
        ("data", "aws_region"): deprecations.notes(REGION_NOTES, ""),
    }


def _findings(hcl: str, known: Mapping[str, str] | None = None) -> tuple[str, ...]:
    found = compare(read_text(hcl, "a.tf"), _schemas(), _notes(), known or {})
    return found.findings


@pytest.mark.parametrize(
    "hcl",
    [
        pytest.param(FITS, id="what is required"),
        pytest.param(
            'resource "aws_boxes_box" "this" {\n  count = 1\n  name = "a"\n'
            '  lid {\n    colour = "red"\n  }\n'
            "  lifecycle {\n    ignore_changes = [name]\n  }\n}\n",
            id="a block, and Terraform's own",
        ),
        pytest.param(
            'resource "aws_boxes_box" "this" {\n  name = "a"\n  dynamic "lid" {\n'
            '    for_each = var.lids\n    content {\n      colour = "red"\n    }\n  }\n}\n',
            id="a dynamic block",
        ),
        pytest.param(
            f'{FITS}output "a" {{\n  value = [aws_boxes_box.this[each.value[0]].arn, '
            '"${aws_boxes_box.this[*].name}"]\n}\n',
            id="attributes",
        ),
        pytest.param('# aws_boxes_box.this.nothing\nlocals {\n  a = "x"\n}\n', id="a comment"),
    ],
)
def test_what_fits(hcl: str) -> None:
    assert _findings(hcl) == ()


@pytest.mark.parametrize(
    ("hcl", "finding"),
    [
        pytest.param(
            FITS.replace("name", "title"),
            "a.tf: resource aws_boxes_box: title is not an argument",
            id="an argument",
        ),
        pytest.param(
            'resource "aws_boxes_box" "this" {\n}\n',
            "a.tf: resource aws_boxes_box: name is required, and not set",
            id="a required argument",
        ),
        pytest.param(
            'resource "aws_boxes_box" "this" {\n  name = "a"\n  lid {\n    size = 1\n  }\n}\n',
            "a.tf: resource aws_boxes_box: lid.size is not an argument",
            id="an argument of a block",
        ),
        pytest.param(
            'resource "aws_boxes_box" "this" {\n  name = "a"\n  dynamic "hinge" {\n'
            "    for_each = []\n    content {\n    }\n  }\n}\n",
            "a.tf: resource aws_boxes_box: hinge is not a block",
            id="a block",
        ),
        pytest.param(
            'resource "aws_gone" "this" {\n}\n',
            "a.tf: resource aws_gone does not exist",
            id="a type",
        ),
        pytest.param(
            f"{FITS}locals {{\n  a = aws_boxes_box.this.size\n}}\n",
            "a.tf: aws_boxes_box.this.size: resource aws_boxes_box has no attribute size",
            id="an attribute",
        ),
        pytest.param(
            f"{FITS[:-2]}  is_open = true\n}}\n",
            "a.tf: resource aws_boxes_box: is_open is deprecated: Use lid instead.",
            id="a deprecated argument",
        ),
        pytest.param(
            'resource "aws_boxes_box" "this" {\n  name = "a"\n'
            '  lid {\n    colour = "red"\n    weight = {}\n  }\n}\n',
            "a.tf: resource aws_boxes_box: lid.weight is deprecated: weight is deprecated.",
            id="a deprecated argument of a block",
        ),
        pytest.param(
            "locals {\n  a = data.aws_region.current.id\n}\n",
            "a.tf: data.aws_region.current.id is deprecated: Use 'region' instead.",
            id="a deprecated attribute",
        ),
    ],
)
def test_what_does_not_fit(hcl: str, finding: str) -> None:
    assert finding in _findings(hcl)


def test_a_deprecated_use_may_be_listed_as_it_is_written() -> None:
    written = 'lookup(data.aws_region.current, "id")'
    hcl = f"locals {{\n  a = {written}\n}}\n"

    assert _findings(hcl, {written: "why"}) == ()
    assert _findings(hcl.replace(written, "data.aws_region.current.id"), {written: "why"}) == (
        "a.tf: data.aws_region.current.id is deprecated: Use 'region' instead.",
        f"the list of deprecated uses has {written}, which is not used, or not deprecated",
    )


def test_a_type_that_the_notes_do_not_know_is_a_finding() -> None:
    found = compare(read_text(FITS, "a.tf"), _schemas(), {}, {})

    assert found.findings == (
        "a.tf: resource aws_boxes_box: nothing says what of it is deprecated",
    )


@pytest.mark.parametrize(
    ("kind", "type_", "folder", "source"),
    [
        ("resource", "aws_lambda_function", "lambda-function", "'aws:lambda/function:Function'"),
        ("data", "aws_region", "data-aws-region", "'aws:index/getRegion:getRegion'"),
        (
            "data",
            "aws_iam_openid_connect_provider",
            "data-aws-iam-openid-connect-provider",
            "'aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider'",
        ),
    ],
)
def test_what_a_type_is_called_in_both_packages(
    kind: Kind, type_: str, folder: str, source: str
) -> None:
    assert bindings.folder(kind, type_) == folder
    assert list(deprecations.tokens(source)) == [deprecations.token_of(kind, type_)]


def test_bindings_of_another_type_are_refused() -> None:
    with pytest.raises(ValueError, match="no class of data aws_partition"):
        bindings.parse(REGION, "data", "aws_partition")


def test_hcl_that_cannot_be_parsed_is_named() -> None:
    with pytest.raises(ValueError, match=r"^a\.tf: "):
        read_text('resource "aws_boxes_box" {{', "a.tf")


def test_both_wheels_are_read(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as members:
        for name, text in {"data-aws-region": REGION, "data-aws-partition": "other"}.items():
            member = tarfile.TarInfo(f"package/lib/{name}/index.d.ts")
            member.size = len(text)
            members.addfile(member, io.BytesIO(text.encode()))
    with zipfile.ZipFile(tmp_path / "bindings.whl", "w") as wheel:
        wheel.writestr("x/_jsii/provider-aws@1.jsii.tgz", inner.getvalue())
    with zipfile.ZipFile(tmp_path / "notes.whl", "w") as wheel:
        wheel.writestr("pulumi_aws/get_region.py", REGION_NOTES)
        wheel.writestr("pulumi_aws/boxes/box.py", BOX_NOTES.replace("boxes/box", "boxes/boxesBox"))
        wheel.writestr("pulumi_aws/boxes/_inputs.py", BOX_INPUTS)
    types: list[tuple[Kind, str]] = [("data", "aws_region"), ("resource", "aws_gone")]

    schemas = bindings.load(tmp_path / "bindings.whl", types)
    notes = deprecations.load(tmp_path / "notes.whl", types)

    assert {schema.version for schema in schemas.values()} == {"6.1.2"}
    assert notes == {
        ("data", "aws_region"): deprecations.Notes({"id": "Use 'region' instead."}, {})
    }


def test_the_hcl_of_this_repository_is_read_whole() -> None:
    found = read_folders(ROOT, ("main.tf", "modules/**/main.tf"))
    files = {file.relative_to(ROOT).parts[0] for pattern in HCL for file in ROOT.glob(pattern)}

    assert {read.file for read in found.reads} == {"main.tf", "modules/consumer/main.tf"}
    assert set(KNOWN_DEPRECATED) <= {read.text for read in found.reads}
    assert files >= {"iam.tf", "modules", "examples"}


def test_without_the_wheels_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="0 wheels of cdktn_provider_aws; run: make check"):
        main([str(tmp_path)])
